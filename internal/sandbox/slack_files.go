package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// This file is Slack's upload in three steps: ask for a URL, send the bytes there, complete.

func (s *Slack) getUploadURL(c caller, args url.Values) (object, error) {
	if args.Get("filename") == "" {
		return nil, no("invalid_arguments")
	}
	if n, err := strconv.Atoi(args.Get("length")); err != nil || n <= 0 {
		return nil, no("invalid_arguments")
	}
	f := &File{ID: newID("F", 10), Name: args.Get("filename")}
	s.files[f.ID] = f
	return object{"upload_url": "http://" + c.host + "/upload/v1/" + f.ID, "file_id": f.ID}, nil
}

// upload takes the bytes as they are, or as the part "file" (or "filename") of a form.
func (s *Slack) upload(w http.ResponseWriter, r *http.Request) {
	var data []byte
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		part, _, partErr := r.FormFile("file")
		if partErr != nil {
			part, _, partErr = r.FormFile("filename")
		}
		if partErr != nil {
			http.Error(w, "no part is called \"file\"", http.StatusBadRequest)
			return
		}
		defer part.Close()
		data, err = readAll(part)
	} else {
		data, err = readAll(r.Body)
	}
	if err != nil {
		http.Error(w, "the upload broke off", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[r.PathValue("file")]
	if f == nil || s.uploaded[f.ID] {
		http.Error(w, "this URL is not for an upload", http.StatusNotFound)
		return
	}
	f.Content, s.uploaded[f.ID] = data, true
	_, _ = w.Write([]byte("OK - " + strconv.Itoa(len(data))))
}

// completeUpload shares the files as a message of the channel, or of a thread in it.
func (s *Slack) completeUpload(_ caller, args url.Values) (object, error) {
	var wanted []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if err := json.Unmarshal([]byte(args.Get("files")), &wanted); err != nil || len(wanted) == 0 {
		return nil, no("invalid_arguments")
	}
	m := &Message{User: botUserID, Text: args.Get("initial_comment")}
	list := []object{}
	for _, f := range wanted {
		if !s.uploaded[f.ID] {
			return nil, no("file_not_found")
		}
		file := *s.files[f.ID]
		if file.Title = f.Title; file.Title == "" {
			file.Title = file.Name
		}
		m.Files = append(m.Files, file)
		list = append(list, object{"id": file.ID, "title": file.Title})
	}
	channel := args.Get("channel_id")
	if channel == "" {
		channel = args.Get("channels")
	}
	if channel != "" {
		c, err := s.target(channel)
		if err != nil {
			return nil, err
		}
		if c.ID != channel {
			return nil, no("channel_not_found") // only ids here
		}
		if err := s.post(c, m, args.Get("thread_ts")); err != nil {
			return nil, err
		}
	}
	return object{"files": list}, nil
}

// readAll is for uploads, which may be larger than other requests.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 16*maxRequest)) }
