package web

import (
	"fmt"
	"net/http"
	"strings"

	"shodo/internal/yamldoc"
)

// text is what is said to a person, in the languages that customers may have.
type text struct{ en, ja string }

// say fills both languages. The arguments are the same for both: a language that needs another order writes %[2]s.
func say(en, ja string, args ...any) text {
	return text{fmt.Sprintf(en, args...), fmt.Sprintf(ja, args...)}
}

func (t text) in(language string) string {
	if language == "ja" {
		return t.ja
	}
	return t.en
}

// meant says which of the known names may be meant by one that is none, or which there are when they are few; it may be empty.
func meant(name string, known []string) text {
	if hint := yamldoc.Suggest(name, known); hint != "" {
		quoted := strings.TrimSuffix(strings.TrimPrefix(hint, "did you mean "), "?")
		return text{hint, "もしかして: " + quoted}
	}
	if len(known) == 0 || len(known) > 10 {
		return text{}
	}
	return say("there are: %s", "次のものがあります: %s", strings.Join(known, ", "))
}

// problem is why something that a person asked for is not done. Nothing was changed.
type problem struct {
	status  int // of HTTP
	message text
	hint    text   // what to do; may be empty
	kind    string // of a choice that is refused; see refusals.go
}

func newProblem(status int, message, hint text) *problem {
	return &problem{status: status, message: message, hint: hint}
}

// Error gives the English message, for the log.
func (p *problem) Error() string { return p.message.en }

// wrong says that what was asked for makes no sense.
func wrong(message, hint text) *problem {
	return &problem{status: http.StatusBadRequest, message: message, hint: hint}
}

// unavailable says that the store did not answer. Why is for the log only.
func unavailable() *problem {
	return newProblem(http.StatusServiceUnavailable,
		say("the engine's store does not answer", "エンジンのデータベースが応答しません"),
		say("look whether it was done before you try again; the engine's log says why",
			"反映されたかを確かめてから、もう一度お試しください。原因はエンジンのログにあります"))
}
