package customer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/quiethours"
	"shodo/internal/yamldoc"
)

// when is the time of a window in one of its three forms.
type when struct {
	rule     quiethours.Rule
	calendar Calendar
}

type whenDocument struct {
	Days     days                           `yaml:"days" doc:"Days of the week. The default is every day."`
	From     yamldoc.Located[string]        `yaml:"from" doc:"When it begins, such as \"22:00\". Without from and to: whole days."`
	To       yamldoc.Located[string]        `yaml:"to" doc:"When it ends; not later than from: on the next day."`
	Cron     yamldoc.Located[string]        `yaml:"cron" doc:"When it begins: minute, hour, day, month, day of the week, such as \"0 2 * * SAT\"."`
	For      yamldoc.Located[time.Duration] `yaml:"for" doc:"With cron: how long it lasts."`
	Calendar yamldoc.Located[string]        `yaml:"calendar" doc:"japan, or an .ics file beside this file."`
}

var calendarFile = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{Lm}\p{Nd}-]{1,60}\.ics$`)

// DecodeYAML reads {days, from, to}, {cron, for} or {calendar}.
func (w *when) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var doc whenDocument
	if !d.Decode(n, &doc) || len(n.Content) == 0 {
		return // told, or empty, which "required" tells
	}
	weekly := given(doc.Days.place) || given(doc.From.Place) || given(doc.To.Place)
	cron := given(doc.Cron.Place) || given(doc.For.Place)
	calendar := given(doc.Calendar.Place)
	switch {
	case weekly && cron || cron && calendar || calendar && weekly:
		d.Problem(n, "this mixes several kinds of time", "a window has one of {days, from, to}, {cron, for} and {calendar}; write one window for each")
	case calendar:
		w.readCalendar(d, doc.Calendar)
	case cron && !(given(doc.Cron.Place) && given(doc.For.Place)):
		d.Problem(n, fmt.Sprintf("the key %q is missing", missing(!given(doc.Cron.Place), "cron", "for")),
			`when it begins and how long it lasts, such as {cron: "0 2 * * SAT", for: 3h}`)
	case cron:
		w.readCron(d, doc.Cron, doc.For)
	case given(doc.From.Place) != given(doc.To.Place):
		d.Problem(n, fmt.Sprintf("the key %q is missing", missing(!given(doc.From.Place), "from", "to")), "give both, or leave out both for whole days")
	case given(doc.From.Place):
		w.readWeekly(d, doc.Days.orAll(), doc.From, doc.To)
	default:
		w.rule = quiethours.WholeDays(doc.Days.orAll())
	}
}

// given says whether a key was written.
func given(p yamldoc.Place) bool { return p.Line > 0 }

func (w *when) readCalendar(d *yamldoc.Decoder, name yamldoc.Located[string]) {
	w.calendar = Calendar{Name: name.Value, Place: name.Place}
	isFile := strings.HasSuffix(strings.ToLower(name.Value), ".ics")
	switch {
	case name.Value == "":
		d.Add(name.Place.Problem("it is empty", ""))
	case strings.Contains(name.Value, "/") || strings.Contains(name.Value, `\`) || strings.Contains(name.Value, ":"):
		d.Add(name.Place.Problem(fmt.Sprintf("%q is not the name of a file beside this one", name.Value), "put the .ics file into the folder customers and name it without a path"))
	case isFile && !calendarFile.MatchString(name.Value):
		d.Add(name.Place.Problem(fmt.Sprintf("%q cannot be the name of a calendar's file", name.Value), "small letters, digits and - are allowed, then .ics"))
	}
}

func (w *when) readCron(d *yamldoc.Decoder, spec yamldoc.Located[string], lasts yamldoc.Located[time.Duration]) {
	if lasts.Value < time.Minute {
		d.Add(lasts.Place.Problem(fmt.Sprintf("a window cannot last %s", lasts.Value), "give it at least a minute, such as 3h"))
		return
	}
	rule, err := quiethours.Cron(spec.Value, lasts.Value)
	tell(d, spec.Place, err)
	w.rule = rule
}

func (w *when) readWeekly(d *yamldoc.Decoder, days []time.Weekday, from, to yamldoc.Located[string]) {
	start, errStart := quiethours.ParseWallTime(from.Value)
	end, errEnd := quiethours.ParseWallTime(to.Value)
	tell(d, from.Place, errStart)
	tell(d, to.Place, errEnd)
	if errStart != nil || errEnd != nil {
		return
	}
	rule, err := quiethours.Weekly(days, start, end)
	tell(d, to.Place, err)
	w.rule = rule
}

// tell tells what a rule refuses, when it refuses something.
func tell(d *yamldoc.Decoder, at yamldoc.Place, err error) {
	var refused *quiethours.SpecError
	switch {
	case errors.As(err, &refused):
		d.Add(at.Problem(refused.Message, refused.Hint))
	case err != nil:
		d.Add(at.Problem(err.Error(), ""))
	}
}

// days are the days of the week of a window.
type days struct {
	list  []time.Weekday
	place yamldoc.Place
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // in the order of time.Weekday

// DecodeYAML reads [mon, tue, ...].
func (w *days) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	w.place = d.Place(n)
	var names []yamldoc.Located[string]
	if !d.Decode(n, &names) {
		return
	}
	if len(names) == 0 {
		d.Problem(n, "an empty list, so the window would never open", "leave out days for every day")
	}
	for _, name := range names {
		i := slices.Index(weekdays, name.Value)
		switch {
		case i < 0:
			d.Add(name.Place.Problem(fmt.Sprintf("found %q, expected one of: mon, tue, wed, thu, fri, sat, sun", name.Value), suggestDay(name.Value)))
		case slices.Contains(w.list, time.Weekday(i)):
			d.Add(name.Place.Problem(fmt.Sprintf("the day %s is given twice", name.Value), "keep one of them"))
		}
		w.list = append(w.list, time.Weekday(i))
	}
}

// orAll gives the days; every day when none was given.
func (w *days) orAll() []time.Weekday {
	if w.list != nil {
		return w.list
	}
	return []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}
}

func suggestDay(text string) string {
	text = strings.ToLower(text)
	switch i := slices.IndexFunc(weekdays, func(day string) bool { return strings.HasPrefix(text, day) }); {
	case strings.ContainsAny(text, "-~"):
		return "write each day: [mon, tue, wed, thu, fri]"
	case i >= 0:
		return fmt.Sprintf("write %s", weekdays[i])
	}
	return yamldoc.Suggest(text, weekdays)
}
