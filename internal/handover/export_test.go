package handover

// JapaneseForms gives the formats of the engine's sentences with what they are in Japanese, for the tests alone.
func JapaneseForms() (list [][2]string) {
	f := japaneseForms()
	for _, one := range append(f.sentences, f.reasons...) {
		list = append(list, [2]string{one.en, one.said})
	}
	return list
}
