package secret_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/secret"
)

func TestMask(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing secret", "nginx.service: Failed with result 'exit-code', token bucket is full", "nginx.service: Failed with result 'exit-code', token bucket is full"},
		{"a password", "DB_PASSWORD=hunter2 retry", "DB_PASSWORD=<secret> retry"},
		{"in quotes", `"api_key": "abc123", "host": "a"`, `"api_key": "<secret>", "host": "a"`},
		{"a URL", "connect to postgres://app:hunter2@db.example/shop", "connect to postgres://<secret>@db.example/shop"},
		{"a URL with a user only", "ssh://git@example.com/a", "ssh://git@example.com/a"},
		{"a query", "GET /?token=abcdef&x=1", "GET /?token=<secret>&x=1"},
		{"a header", "Authorization: Bearer abc.def", "Authorization: Bearer <secret>"},
		{"a key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nok", "<secret>\nok"},
		{"a key that is cut", "-----BEGIN PRIVATE KEY-----\nabc", "<secret>"},
		{"an AWS key", "id AKIAIOSFODNN7EXAMPLE used", "id <secret> used"},
		{"a Slack token", "xoxb-12345678-abc", "<secret>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := secret.Mask(tc.text)
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			if again := secret.Mask(got); again != got {
				t.Errorf("masked again: %q", again)
			}
		})
	}
}

func TestMaskJSON(t *testing.T) {
	got, err := secret.MaskJSON([]byte(`{"a":[{"db_password":"x","accessToken":7,"tokens":3,"host":"h"}],"text":"pwd=x","secret":{"deep":"d"},"empty_token":""}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":[{"accessToken":"<secret>","db_password":"<secret>","host":"h","tokens":3}],"empty_token":"","secret":{"deep":"d"},"text":"pwd=<secret>"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := secret.MaskJSON([]byte("{")); err == nil {
		t.Error("what is no JSON was read")
	}
}
