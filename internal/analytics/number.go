package analytics

// numbered gives names a number for as long as a question is asked: each part of the stream has its own.
type numbered struct {
	names []string
	index map[string]uint32
	of    []uint32 // the numbers of the names of the part that is looked at
}

func (n *numbered) look(names []string) {
	if n.index == nil {
		n.index = map[string]uint32{}
	}
	n.of = n.of[:0]
	for _, name := range names {
		number, known := n.index[name]
		if !known {
			number = uint32(len(n.names))
			n.index[name] = number
			n.names = append(n.names, name)
		}
		n.of = append(n.of, number)
	}
}

// kindNumbers gives kinds a number in the same way.
type kindNumbers struct {
	index map[kindName]uint32
	of    []uint32
}

type kindName struct{ customer, service, title string }

func newKindNumbers() *kindNumbers { return &kindNumbers{index: map[kindName]uint32{}} }

// maxKinds bounds the memory of an estimate; all kinds after that are one kind.
const maxKinds = 200_000

func (n *kindNumbers) look(c *columns) {
	n.of = n.of[:0]
	for _, k := range c.kinds {
		name := kindName{c.customer.names[k.customer], c.service.names[k.service], k.title}
		number, known := n.index[name]
		if !known {
			number = uint32(len(n.index))
			if number < maxKinds {
				n.index[name] = number
			} else {
				number = maxKinds
			}
		}
		n.of = append(n.of, number)
	}
}
