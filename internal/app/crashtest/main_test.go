// Package crashtest kills the product, as a real process with everything in it, and looks at what becomes of the
// incidents that it was working on.
//
// Nothing in the product helps: the tests see what can be seen from outside (requests to PagerDuty and to the broken
// service, webhooks, and the programs that the scenario runs), and kill the process at such moments. Package apptest has
// the same product inside the test's own process, for everything that needs no crash.
package crashtest

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"
)

// TestMain makes the test's own binary the programs that the scenario runs: repair and gather.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "repair" {
		os.Exit(repair(os.Args[2], os.Args[3]))
	}
	if len(os.Args) > 2 && os.Args[1] == "gather" {
		os.Exit(gather(os.Args[2]))
	}
	os.Exit(m.Run())
}

// repair makes the file without which the service is broken, and tells the stage at each point how far it is.
func repair(stage, flag string) int {
	if !tell(stage, repairStarts) || !tell(stage, repairHalf) {
		return 1
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if !tell(stage, repairDone) {
		return 1
	}
	tell(stage, repairEnds) // the stage sees the connection break when this process has ended
	return 0
}

func gather(stage string) int {
	fmt.Println("main process exited, code=killed, status=9/KILL")
	if !tell(stage, gatherRuns) {
		return 1
	}
	return 0
}

// tell says whether to go on.
func tell(stage, moment string) bool {
	response, err := http.Post(stage+"/moments?"+url.Values{"name": {moment}}.Encode(), "", nil)
	if err != nil {
		return false
	}
	if moment != repairEnds {
		_ = response.Body.Close()
	}
	return response.StatusCode == http.StatusOK
}
