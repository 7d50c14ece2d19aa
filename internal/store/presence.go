package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"shodo/internal/incident"
)

// presence is an engine's own connection to PostgreSQL. It holds the lock that says that the engine is there, which the
// end of the connection gives back, however it ends; and it hears what other engines write. When it breaks it is made
// again.
type presence struct {
	id      int64 // of this engine, among those that share the database
	shared  bool
	config  *pgx.ConnConfig
	conn    *pgx.Conn
	schema  string
	heard   func(context.Context, []changeRef)
	log     *slog.Logger
	held    atomic.Bool // the lock is ours
	ousted  atomic.Bool // another engine took the database while the connection was away
	end     context.CancelFunc
	stopped sync.WaitGroup
}

const (
	changesChannel = "shodo_changes"
	presencePing   = 15 * time.Second
	presenceRetry  = time.Second
)

// startPresence takes the lock. ErrInUse: another engine has it.
func startPresence(ctx context.Context, config *pgx.ConnConfig, shared bool, heard func(context.Context, []changeRef), log *slog.Logger) (*presence, error) {
	p := &presence{id: rand.Int64(), shared: shared, config: config, heard: heard, log: log}
	return p, p.connect(ctx)
}

func (p *presence) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return err
	}
	if err := p.take(ctx, conn); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return err
	}
	p.conn = conn
	p.held.Store(true)
	return nil
}

// stay keeps the server from ending the connection because it is idle, as it is most of the time.
const stay = `SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'`

// take takes the lock.
func (p *presence) take(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, stay); err != nil {
		return err
	}
	try := `SELECT current_schema(), pg_try_advisory_lock(` + lockKey(engineLock) + `)`
	if p.shared {
		try = `SELECT current_schema(), pg_try_advisory_lock_shared(` + lockKey(engineLock) + `)`
		if _, err := conn.Exec(ctx, "LISTEN "+changesChannel); err != nil {
			return err
		}
	}
	var taken bool
	if err := conn.QueryRow(ctx, try).Scan(&p.schema, &taken); err != nil {
		return err
	}
	if !taken {
		return fmt.Errorf("%w (%s); stop it, or give this one a database of its own. Engines that use one Temporal cluster may share a database",
			ErrInUse, owner(ctx, conn))
	}
	return nil
}

// owner says who has the lock, for the error message only.
func owner(ctx context.Context, conn *pgx.Conn) string {
	var pid int
	var from string
	err := conn.QueryRow(ctx, `SELECT a.pid, coalesce(host(a.client_addr), 'the same host') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) | l.objid::bigint = `+lockKey(engineLock)+`
		ORDER BY a.pid LIMIT 1`).Scan(&pid, &from)
	if err != nil {
		return "it is gone again"
	}
	return fmt.Sprintf("PostgreSQL's process %d, from %s", pid, from)
}

// begin keeps the connection from now on.
func (p *presence) begin(ctx context.Context) {
	ctx, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.stopped.Go(func() { p.keep(ctx) })
}

func (p *presence) close() {
	if p.end != nil {
		p.end()
	}
	p.stopped.Wait()
	if p.conn != nil {
		p.hangUp()
	}
}

// hangUp closes the connection. The server gives the lock back, however this goes.
func (p *presence) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.conn.Close(ctx)
}

// keep makes the connection again whenever it breaks.
func (p *presence) keep(ctx context.Context) {
	for {
		err := p.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		p.held.Store(false)
		p.log.Warn("the connection to PostgreSQL is made again", "err", explain(err))
		p.hangUp()
		if !p.reconnect(ctx) {
			return
		}
		p.log.Info("PostgreSQL is back")
	}
}

// reconnect tries until the lock is taken again, or ctx ends.
func (p *presence) reconnect(ctx context.Context) bool {
	for {
		err := p.connect(ctx)
		ousted := errors.Is(err, ErrInUse)
		if p.ousted.Swap(ousted) != ousted && ousted {
			p.log.Error("nothing is written any more: another engine took the database while PostgreSQL was away", "err", err)
		}
		if err == nil {
			return true
		}
		p.log.Debug("the connection to PostgreSQL cannot be made yet", "err", explain(err))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(presenceRetry):
		}
	}
}

// listen hears what others write until the connection breaks.
func (p *presence) listen(ctx context.Context) error {
	for {
		wait, cancel := context.WithTimeout(ctx, presencePing)
		n, err := p.conn.WaitForNotification(wait)
		quiet := wait.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && quiet && !p.conn.IsClosed():
			if err := p.conn.Ping(ctx); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			var m message
			if json.Unmarshal([]byte(n.Payload), &m) == nil && m.Schema == p.schema && m.From != p.id {
				p.heard(ctx, m.Changes)
			}
		}
	}
}

// usable says why nothing may be written.
func (p *presence) usable() error {
	if p.ousted.Load() {
		return fmt.Errorf("%w: it came while PostgreSQL was away", ErrInUse)
	}
	if !p.held.Load() { // another engine may be coming
		return fmt.Errorf("%w; it goes on by itself: the connection that holds its lock is made again", ErrAway)
	}
	return nil
}

// message is what one transaction changed. It names things only: PostgreSQL takes less than 8,000 bytes.
type message struct {
	Schema  string      `json:"s"`
	From    int64       `json:"f"`
	Changes []changeRef `json:"c"`
}

// changeRef names a transition (by Key) or a step.
type changeRef struct {
	Incident incident.ID    `json:"i"`
	Run      int            `json:"r"`
	Key      string         `json:"k,omitempty"`
	Phase    incident.Phase `json:"p,omitempty"`
	Attempt  int            `json:"a,omitempty"`
	Round    int            `json:"o,omitempty"`
	Index    int            `json:"x,omitempty"`
}

const maxPayload = 7500

// tell is the query that tells the other engines of changes.
func (p *presence) tell(changes []incident.Change) (string, []any) {
	var payloads []string
	m := message{Schema: p.schema, From: p.id}
	size := 0
	flush := func() {
		if len(m.Changes) == 0 {
			return
		}
		payload, _ := json.Marshal(m) // texts and numbers have a JSON form
		payloads = append(payloads, string(payload))
		m.Changes, size = nil, 0
	}
	for _, c := range changes {
		ref := refOf(c)
		one, _ := json.Marshal(ref)
		if size+len(one) > maxPayload-100 {
			flush()
		}
		if len(one) < maxPayload-100 { // a longer name is nobody's
			m.Changes = append(m.Changes, ref)
			size += len(one) + 1
		}
	}
	flush()
	return `SELECT count(pg_notify('` + changesChannel + `', payload)) FROM unnest($1::text[]) AS payload`, []any{payloads}
}

func refOf(c incident.Change) changeRef {
	if t := c.Transition; t != nil {
		return changeRef{Incident: incident.ID(name(t.Incident)), Run: t.Run, Key: name(t.Key)}
	}
	k := c.Step.StepKey
	return changeRef{Incident: incident.ID(name(k.Incident)), Run: k.Run, Phase: incident.Phase(text(k.Phase)), Attempt: k.Attempt, Round: k.Round, Index: k.Index}
}

// heard tells the watchers of what another engine wrote.
func (s *Store) heard(ctx context.Context, refs []changeRef) {
	if !s.watch.any() {
		return
	}
	for _, ref := range refs {
		change := incident.Change{Elsewhere: true}
		var err error
		if ref.Key != "" {
			var t incident.Transition
			t, err = scanTransition(s.readDB.QueryRowContext(ctx, selectTransitions+` WHERE incident = $1 AND run = $2 AND key = $3`,
				ref.Incident, ref.Run, ref.Key))
			change.Transition = &t
		} else {
			var step incident.Step
			step, err = scanStep(s.readDB.QueryRowContext(ctx, selectStep, stepKey(incident.StepKey{Incident: ref.Incident, Run: ref.Run,
				Phase: ref.Phase, Attempt: ref.Attempt, Round: ref.Round, Index: ref.Index})...))
			change.Step = &step
		}
		if err != nil {
			s.log.Warn("read what another engine wrote", "incident", ref.Incident, "err", explain(err))
			continue
		}
		s.watch.publish([]incident.Change{change})
	}
}
