package handover

// maxPlain is the size in characters of a plain message.
const maxPlain = 2000

// Plain is a message of one text, for news that belong to no incident.
func Plain(text string) Message {
	text = cutEscaped(clean(text, maxPlain), MaxSection)
	return Message{Text: text, Blocks: []Block{sectionBlock(text)}}
}
