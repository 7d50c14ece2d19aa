package handover

// maxPlain is the size in characters of a plain message.
const maxPlain = 2000

// Plain is a message of one text, for news that belong to no incident.
func Plain(text string) Message {
	return Message{Text: escape(clean(text, maxPlain)), Blocks: []Block{sectionBlock(escape(clean(text, maxPlain)))}}
}
