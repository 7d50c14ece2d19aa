package handover

import (
	"fmt"
	"strconv"

	"shodo/internal/incident"
)

// maxBoxes is how many points of a checklist get a box in Slack; the others are shown, and ticked on the command line.
const maxBoxes = 2 * MaxOptions

// pointRow is one point with its state.
func (p Packet) pointRow(i int) row {
	text := p.Remaining[i]
	if t := p.tick(i); t.By != "" {
		return row{mark: "☑", todo: true, done: true, spans: []span{say(fmt.Sprintf(p.words.live.ticked, text, t.By, p.hour(t.At)))}}
	}
	return row{mark: "☐", todo: true, spans: []span{say(text)}}
}

func (p Packet) tick(i int) Tick {
	if i < len(p.Ticks) {
		return p.Ticks[i]
	}
	return Tick{}
}

// remainingSection is the checklist as text.
func (p Packet) remainingSection() section {
	s := p.firstSection()
	for i := range p.Remaining {
		s.rows = append(s.rows, p.pointRow(i))
	}
	return s
}

// firstSection is what comes before the checklist, under the same heading. It has no boxes: what of it is left can change.
func (p Packet) firstSection() section {
	s := section{title: p.words.label.remaining, share: 1_100}
	for _, text := range p.First {
		s.rows = append(s.rows, row{mark: "☐", todo: true, spans: []span{say(text)}})
	}
	return s
}

// checklistBlocks is the checklist to be ticked. Who ticked a point stands at its box; a point that is too long for its box
// stands above it whole.
func (p Packet) checklistBlocks(scale int) []Block {
	if len(p.First)+len(p.Remaining) == 0 {
		return nil
	}
	boxes := maxBoxes
	if scale < 55 {
		boxes = MaxOptions
	}
	if len(p.Remaining) == 0 || !p.Buttons || p.isOver() || p.Moved || tickBlockID(p.Incident.ID, p.Run, 1, 1, 0) == "" {
		return []Block{p.slackSection(p.remainingSection(), scale)}
	}
	n := min(len(p.Remaining), boxes)
	room := max(MaxOption*scale/100, 24)
	text := p.firstSection()
	if len(p.Remaining) > n {
		tick := incident.Choice{Kind: incident.Tick, Incident: p.Incident.ID}
		text.rows = append(text.rows, row{spans: []span{say(fmt.Sprintf(p.words.live.fewOptions, len(p.Remaining)-n) + " "), raw(cli(tick))}})
	}
	for i, point := range p.Remaining {
		switch r := p.pointRow(i); {
		case i >= n:
			r.mark = strconv.Itoa(i+1) + ". " + r.mark
			text.rows = append(text.rows, r)
		case width(p.boxText(i)) > room: // its box has the beginning, and whether it is done
			text.rows = append(text.rows, row{mark: strconv.Itoa(i+1) + ".", spans: []span{say(point)}})
		}
	}
	blocks := []Block{p.slackSection(text, scale)} // the heading in any case
	for first := 0; first < n; first += MaxOptions {
		blocks = append(blocks, p.boxes(first, min(first+MaxOptions, n), room))
	}
	return blocks
}

// boxes are the points from first up to end as one element.
func (p Packet) boxes(first, end, room int) Block {
	c := Checkboxes{ActionID: ActionID(incident.Choice{Kind: incident.Tick, Item: first + 1})}
	presses := 0
	for _, d := range p.Deeds {
		if d.Choice == incident.Tick {
			presses++
		}
	}
	for i := first; i < end; i++ {
		o := Option{Value: strconv.Itoa(i + 1), Text: plainText(p.boxText(i), room)}
		t := p.tick(i)
		if t.By != "" {
			by := plainText(fmt.Sprintf(p.words.live.tickedBy, t.By, p.hour(t.At)), room)
			o.Description = &by
		}
		c.Options = append(c.Options, o)
		if t.By != "" {
			c.InitialOptions = append(c.InitialOptions, o)
		}
	}
	return Block{Type: "actions", BlockID: tickBlockID(p.Incident.ID, p.Run, first+1, end, presses), Elements: []Element{{Checkboxes: &c}}}
}

// boxText is what stands at the box of a point.
func (p Packet) boxText(i int) string { return strconv.Itoa(i+1) + ". " + p.Remaining[i] }
