package analytics_test

import (
	"testing"
	"unicode/utf8"

	"shodo/internal/analytics"
)

func TestKindTitleOfMonitors(t *testing.T) {
	for title, want := range map[string]string{
		`ALARM: "prod-web-01-CPUUtilization-High" in Asia Pacific (Tokyo)`: `ALARM: "#-CPUUtilization-High" in Asia Pacific (Tokyo)`,
		"[Re-Triggered on {host:web-1,env:prod}] CPU is high":              "[Triggered on #] CPU is high",
		"[FIRING:1] InstanceDown (web-01:9100 node critical)":              "[FIRING:#] InstanceDown (# node critical)",
		"** PROBLEM Service Alert: web-01/HTTP is CRITICAL **":             "** PROBLEM Service Alert: #/HTTP is CRITICAL **",
		"load average: 25.13, 21.90, 14.05":                                "load average: #",
		"system.load.norm.5 is high":                                       "system.load.norm.# is high",
		"oname=batch CPU=97.3%":                                            "oname=# CPU=#%",
		"Backup of db-1 failed on Mon Nov 2 03:14:15 2026":                 "Backup of # failed on #",
		"It may fail, Mon says":                                            "It may fail, Mon says",
		"took 1.2 GB in 3 minutes":                                         "took # in #",
		"p99 of 5xx is 3":                                                  "p99 of 5xx is #",
		"from 2001:db8::1 and 00:1a:2b:3c:4d:5e":                           "from # and #",
		"GET https://example.com/a?b=1 fails":                              "GET # fails",
		"C: is full, /var is full, a / b":                                  "# is full, # is full, a / b",
		"D:: 5% free, /: 5% free":                                          "#: #% free, #: #% free",
		"free space: / 1234 MB (5%), 3 / 4 are up, at: / is full":          "free space: # (#%), # / # are up, at: # is full",
		"GET /v1/orders/:id and /v1/carts":                                 "GET # and #",
		`ALARM: "cpu-high-prod-api-01"`:                                    `ALARM: "cpu-high-#"`,
		`ALARM: "mem-high-prod-api-01"`:                                    `ALARM: "mem-high-#"`,
		"ec2_disk_used_percent_web01":                                      "ec2_disk_used_percent_#",
		"prod-1-rds-cpu-high-2":                                            "#-cpu-high-#",
		"web-01-http-5xx, HTTPCode_ELB_5XX_Count":                          "#-http-5xx, HTTPCode_ELB_5XX_Count",
		"vpn-tunnel-1":                                                     "vpn-tunnel-#",
		"checkout-7d9f8b6c5-xkqzv":                                         "checkout-#",
		"8f14e45f-ceea-467f-a0e6-2b1c9d3f5a77":                             "#",
		"web-01.example.com":                                               "#",
		"is 92% and 100 %":                                                 "is #% and #%",
		"12月1日（火）23時":                                                      "#月#日(#)#時",
		"root@db.example.com wrote":                                        "# wrote",
		"cart-7d9f8b6c5-xkqzv restarts":                                    "# restarts",
		"ＷＥＢ０１でディスク使用率が９５％":                                                "#でディスク使用率が#%",
		"サーバweb-01の応答がありません (2026/11/02 03:14:15)":                         "サーバ#の応答がありません(#)",
		"run #123 of job":                                                  "run # of job",
		"-5 °C":                                                            "# °C",
	} {
		if got := analytics.KindTitle(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

// What is masked once stays as it is: stored figures hold masked titles and are grouped again.
func FuzzKindTitle(f *testing.F) {
	for _, seed := range []string{"Disk /data 95% on web-1", "{a:b} #-5 x", "[Re-Triggered on {host:a}]", "C:: 1 / 2", "１１月３日 (a)", "a=b=c=1",
		"Mon Nov 2", "1 , 2 - 3 MB s", "::1 fe80::1", "https://x", "日 (1)", "", "#:#", "1-a 2", "５", "a.b@c #x", "Nov Mon Nov 2", "cpu-1-high-#", "C:#", "vpn-1-tunnel-2", "nov-2 x", "x / 1", "#日(月)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, title string) {
		once := analytics.KindTitle(title)
		if again := analytics.KindTitle(once); again != once {
			t.Errorf("%q gives %q, and that gives %q", title, once, again)
		}
		if utf8.ValidString(title) && !utf8.ValidString(once) {
			t.Errorf("%q gives what is no text: %q", title, once)
		}
	})
}

func BenchmarkKindTitle(b *testing.B) {
	titles := []string{`ALARM: "prod-web-01-CPUUtilization-High" in Asia Pacific (Tokyo)`, "[Triggered on {host:web-1,env:prod}] CPU usage is high",
		"【重大】ＷＥＢ０１でディスク使用率が９５％を超えました"}
	for i := 0; b.Loop(); i++ {
		analytics.KindTitle(titles[i%len(titles)])
	}
}
