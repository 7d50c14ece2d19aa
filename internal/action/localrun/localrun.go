// Package localrun runs one program on the engine's own host: the actions local.run (changes) and local.read (reads).
// They are the same but for the effect; see package action.
//
// They are off unless the process configuration lists programs, because they act with the engine's own rights. The list
// is the administrator's word against every scenario author:
//
//   - A program is named by its absolute path and must be in the list. Links in the folders of a path count as what they
//     lead to (/bin and /usr/bin may be one folder). The program's own name must be the listed one: on many systems one
//     file is all programs, and tells by its name which one it is.
//   - There is no shell. Each element of the command arrives as exactly one argument, whatever it holds.
//   - The environment is PATH, LANG and what env gives. Variables by which a loader, shell or interpreter would run
//     something else are refused.
//   - stdin is empty. The program runs in a process group of its own; when the time is over or the action is cancelled,
//     the group gets TERM, and 2 seconds later KILL. What made itself a daemon (setsid) is not part of that.
//
// A listed interpreter or shell makes every program available: list scripts instead.
package localrun

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shodo/internal/action"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Settings are what the process configuration says about local programs.
type Settings struct {
	Programs []string // absolute paths; empty: both actions refuse everything
}

// Params are the parameters of both actions.
type Params struct {
	Command scenario.Command `json:"command" required:"true" doc:"absolute path of a listed program, and its arguments; no shell reads them"`
	Env     scenario.Env     `json:"env" doc:"environment variables besides PATH and LANG"`
	Dir     string           `json:"dir" default:"/" doc:"working directory, an absolute path"`
}

// Actions gives local.run and local.read.
func Actions(s Settings) []action.Action {
	run := scenario.Action{
		Name: "local.run", Effect: scenario.Changes, Timeout: time.Minute,
		Summary: "Runs a program on the engine's own host to change something; off unless the process configuration lists the program.",
	}
	read := scenario.Action{
		Name: "local.read", Effect: scenario.Reads, Timeout: 30 * time.Second,
		Summary: "Runs a program on the engine's own host that only reads (the author's promise); off unless the process configuration lists the program.",
	}
	return []action.Action{newAction(run, s), newAction(read, s)}
}

func newAction(spec scenario.Action, s Settings) action.Action {
	return action.New(spec, func(ctx context.Context, p Params, _ action.Call) (action.CommandOutput, error) {
		program, err := s.check(p)
		if err != nil {
			return action.CommandOutput{}, err
		}
		return execute(ctx, program, p, spec.Effect)
	})
}

// check gives the file to run, or why not.
func (s Settings) check(p Params) (string, error) {
	if len(s.Programs) == 0 {
		return "", action.Errorf(incident.Refused, "programs on the engine's own host are switched off").
			WithHint("an administrator may list programs in the process configuration")
	}
	if err := action.CheckArgv(p.Command); err != nil {
		return "", err
	}
	if err := action.CheckEnv(p.Env); err != nil {
		return "", err
	}
	for name := range p.Env {
		if isLoader(name) {
			return "", action.Errorf(incident.Refused, "the variable %q could make the program run something else", name)
		}
	}
	if !filepath.IsAbs(p.Dir) || strings.ContainsRune(p.Dir, 0) {
		return "", action.Errorf(incident.Permanent, "dir %.60q is not an absolute path", p.Dir)
	}
	return s.listed(p.Command[0])
}

// listed gives the program's path with the links of its folders resolved, when a listed one resolves to the same.
func (s Settings) listed(name string) (string, error) {
	if !filepath.IsAbs(name) {
		return "", action.Errorf(incident.Refused, "program %.60q is not given by its absolute path", name)
	}
	wanted, err := resolve(name)
	if err != nil {
		return "", action.Errorf(incident.Refused, "program %.60q is not in the list of the process configuration", name)
	}
	for _, allowed := range s.Programs {
		if path, err := resolve(allowed); err == nil && path == wanted && filepath.IsAbs(allowed) {
			return wanted, nil
		}
	}
	return "", action.Errorf(incident.Refused, "program %.60q is not in the list of the process configuration", name)
}

func resolve(path string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// loaders are variables that make a loader, a shell or an interpreter run or load what they name. A name that ends with
// "_" is a prefix.
var loaders = []string{"LD_", "DYLD_", "PYTHON", "PERL", "RUBY", "NODE_", "JAVA_", "GIT_", "BASH_",
	"PATH", "IFS", "ENV", "SHELLOPTS", "PS4", "GCONV_PATH", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "EDITOR", "VISUAL", "PAGER", "SHELL"}

func isLoader(name string) bool {
	return slices.ContainsFunc(loaders, func(l string) bool {
		prefix := strings.HasSuffix(l, "_") || slices.Contains([]string{"PYTHON", "PERL", "RUBY"}, l)
		return name == l || prefix && strings.HasPrefix(name, l)
	})
}
