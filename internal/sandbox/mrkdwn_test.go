package sandbox

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestMessagesAreShownAsSlackWould(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"bold and code", "*Target* `search`", "<b>Target</b> <code>search</code>"},
		{"no markup in code", "`a *b* c`", "<code>a *b* c</code>"},
		{"a code block", "Log:\n```\nx *y* <z>\n```", "Log:\n<pre>x *y* &lt;z&gt;</pre>"},
		{"a link with a name", "<https://a.example/x?y=1&amp;z=2|there>", `<a href="https://a.example/x?y=1&amp;z=2">there</a>`},
		{"no other scheme", "<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"},
		{"hostile text", "&lt;script&gt;alert(1)&lt;/script&gt; <img src=x onerror=y>",
			"&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=y&gt;"},
		{"italics and strikes", "_soon_, ~not~ now: a_b_c ~/x", "<i>soon</i>, <s>not</s> now: a_b_c ~/x"},
		{"a quotation", "He said:\n&gt; *no*\n&gt; never\nso", "He said:\n<blockquote><b>no</b>\nnever</blockquote>so"},
		{"mentions", "<@U0BEN000001> <!subteam^S1|@oncall> <!here> <#C1|ops>", `<span class="mention">@U0BEN000001</span> <span class="mention">@oncall</span> <span class="mention">@here</span> <span class="mention">#ops</span>`},
		{"a quote in a link", `<https://a.example/"onmouseover="x>`, `<a href="https://a.example/&#34;onmouseover=&#34;x">https://a.example/&#34;onmouseover=&#34;x</a>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(rendered(Message{Text: c.text})); got != "<div>"+c.want+"</div>" {
				t.Errorf("got  %s\nwant <div>%s</div>", got, c.want)
			}
		})
	}
}

func TestBlocksAreShownInTheirForm(t *testing.T) {
	blocks, err := json.Marshal([]any{
		map[string]any{"type": "header", "text": map[string]string{"type": "plain_text", "text": "Down <b>"}},
		map[string]any{"type": "section", "fields": []map[string]string{{"text": "*A*\n1"}, {"text": "*B*\n2"}}},
		map[string]any{"type": "context", "elements": []map[string]string{{"text": "v1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `<h3>Down &lt;b&gt;</h3><div></div><div class="fields"><span><b>A</b>` + "\n1</span><span><b>B</b>\n2</span></div><small>v1</small>"
	if got := string(rendered(Message{Blocks: blocks})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Whatever people write, only our own tags come out.
func FuzzMrkdwn(f *testing.F) {
	for _, text := range []string{"*a* _b_ ~c~ `d` ```e``` &gt; f", `<https://a.example/"onmouseover="x|<b>y</b>>`, "<@U1|x> <!subteam^S1> <#C1|<script>>", "```\n`*_~"} {
		f.Add(text)
	}
	ours := regexp.MustCompile(`</?(div|b|i|s|pre|code|blockquote|span|a)>|<span class="mention">|<a href="https?://[^"<>\s]*">`)
	f.Fuzz(func(t *testing.T, text string) {
		if rest := ours.ReplaceAllString(string(rendered(Message{Text: text})), ""); strings.ContainsAny(rest, "<>") {
			t.Errorf("%q leaves %q", text, rest)
		}
	})
}
