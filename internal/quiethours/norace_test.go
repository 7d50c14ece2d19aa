//go:build !race

package quiethours_test

// policiesPerZone is how many random policies the property test tries in each zone.
const policiesPerZone = 25
