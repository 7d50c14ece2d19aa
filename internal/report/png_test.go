package report_test

import (
	"bytes"
	"image/png"
	"testing"
)

func TestPictures(t *testing.T) {
	in := cases(t)["operation"]
	in.Language = "ja"
	r := build(t, in)
	list, err := r.Pictures()
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Pictures()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range list {
		image, err := png.Decode(bytes.NewReader(p.PNG))
		if err != nil {
			t.Fatal(err)
		}
		colors := map[any]bool{}
		for x := range image.Bounds().Dx() {
			for y := range image.Bounds().Dy() {
				colors[image.At(x, y)] = true
			}
		}
		if size := image.Bounds().Size(); size.X < 800 || size.Y < 300 || len(colors) < 3 {
			t.Errorf("%s: %v, %d colours", p.Name, size, len(colors))
		}
		if !bytes.Equal(p.PNG, again[i].PNG) {
			t.Errorf("%s: other bytes", p.Name)
		}
	}
	if len(list) != 3 || list[0].Title != "インシデント: 232 · 🟦 自動 · 🟧 人が対応" {
		t.Errorf("%d pictures, the first is %q", len(list), list[0].Title)
	}
	if list, err := build(t, cases(t)["empty"]).Pictures(); err != nil || len(list) != 0 {
		t.Errorf("of an empty week: %d, %v", len(list), err)
	}
}
