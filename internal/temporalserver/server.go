//go:build !no_embedded_temporal

package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite" // the storage driver registers itself
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

const (
	host      = "127.0.0.1"
	clusterID = "active"
	driver    = "sqlite"
)

// Server is a running embedded Temporal server.
type Server struct {
	server   temporal.Server
	address  string
	stopping *atomic.Bool
}

// Start runs a server on the options' file, creating the file when it does not exist, and returns when the server
// answers. It gives up when ctx ends, and when another process has the port that the options ask for.
func Start(ctx context.Context, opts Options) (*Server, error) { return start(ctx, opts, freePorts) }

func start(ctx context.Context, opts Options, free func(n int) ([]int, error)) (*Server, error) {
	// What workflows are looked up by has a file of its own: each file has one connection, which is what limits the server.
	db, lookup := storage(opts.File, "FULL"), storage(opts.File+".visibility", "NORMAL")
	for _, file := range []string{db.DatabaseName, lookup.DatabaseName} {
		if err := createSchema(file); err != nil {
			return nil, fmt.Errorf("create %q: %w", file, err)
		}
	}
	if err := createNamespace(db, opts); err != nil {
		return nil, fmt.Errorf("create namespace %q in %q: %w", opts.Namespace, opts.File, err)
	}
	s, err := listen(opts, free, func(ports []int) (*Server, error) {
		return build(serverConfig(db, lookup, ports), ports, opts.Log)
	})
	if err != nil {
		return nil, fmt.Errorf("configure the embedded temporal server: %w", err)
	}
	if err := s.server.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded temporal server: %w", err)
	}
	if err := s.awaitReady(ctx, opts.Namespace); err != nil {
		_ = s.server.Stop()
		return nil, err
	}
	return s, nil
}

// listen builds a server on free ports. Temporal listens a moment after a port was found free; when another process
// takes one in between, it is built again on others, unless the options ask for that port.
func listen(opts Options, free func(n int) ([]int, error), build func(ports []int) (*Server, error)) (*Server, error) {
	for try := 1; ; try++ {
		ports, err := free(4)
		if err != nil {
			return nil, fmt.Errorf("find free ports: %w", err)
		}
		if opts.Port > 0 {
			ports[0] = opts.Port
		}
		s, err := build(ports)
		if err == nil || opts.Port > 0 || try == 10 || !errors.Is(err, syscall.EADDRINUSE) {
			return s, err
		}
		opts.Log.Debug("a port was taken between finding and listening: taking others", "ports", ports, "err", err)
	}
}

// build makes a server that listens and does not serve yet. Where Temporal would end the process, because it cannot
// listen say, build gives the reason.
func build(cfg *config.Config, ports []int, log *slog.Logger) (s *Server, err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case fatal:
			err = reason
		default:
			panic(reason)
		}
	}()
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return nil, err
	}
	stopping := new(atomic.Bool)
	server, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger{log: log, stopping: stopping}),
		temporal.WithAuthorizer(authorizer),
		temporal.WithDynamicConfigClient(tuning()),
		temporal.WithStaticHosts(members(ports)),
	)
	if err != nil {
		return nil, err
	}
	return &Server{server: server, address: net.JoinHostPort(host, strconv.Itoa(ports[0])), stopping: stopping}, nil
}

// Address is the frontend's host:port on the loopback interface.
func (s *Server) Address() string { return s.address }

// Stop ends the server. Open workflows stay in the file and go on at the next Start.
func (s *Server) Stop() error {
	s.stopping.Store(true)
	if err := s.server.Stop(); err != nil {
		return fmt.Errorf("stop the embedded temporal server: %w", err)
	}
	return nil
}

// awaitReady asks the frontend until it answers: the server's own Start returns before that.
func (s *Server) awaitReady(ctx context.Context, namespace string) error {
	for {
		c, err := client.DialContext(ctx, client.Options{HostPort: s.address, Namespace: namespace,
			Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
		if err == nil {
			c.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the embedded temporal server at %s: %w", s.address, errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// storage is a SQLite file. With synchronous FULL every commit survives a power cut. NORMAL spares the wait for the disk,
// and a power cut may take back the last commits: good for what workflows are looked up by, which decides nothing.
func storage(file, synchronous string) *config.SQL {
	return &config.SQL{
		PluginName:   driver,
		DatabaseName: file,
		// With WAL one writer and several readers go together.
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			"synchronous":  synchronous,
			"busy_timeout": "10000",
		},
	}
}

// createSchema makes the file whole under another name first, so that a kill in between leaves nothing half made.
func createSchema(file string) error {
	if _, err := os.Stat(file); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	draft := file + ".new"
	if err := os.Remove(draft); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	db := storage(draft, "FULL")
	// The driver keeps its connection open for the life of the process, and a WAL would stay beside the draft.
	db.ConnectAttributes = map[string]string{"mode": "rwc"}
	if err := setupSchema(db); err != nil {
		return err
	}
	// What incidents carry is nobody else's business; SQLite gives its side files the same mode.
	if err := os.Chmod(draft, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, file)
}

func createNamespace(db *config.SQL, opts Options) error {
	attributes := map[string]enumspb.IndexedValueType{}
	for _, name := range opts.SearchAttributes {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	ns, err := sqlite.NewNamespaceConfig(clusterID, opts.Namespace, false, attributes)
	if err != nil {
		return err
	}
	return sqlite.CreateNamespaces(db, ns)
}

func serverConfig(db, lookup *config.SQL, ports []int) *config.Config {
	frontend := net.JoinHostPort(host, strconv.Itoa(ports[0]))
	service := func(i int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: ports[i], BindOnLocalHost: true}}
	}
	off := "disabled"
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host}},
		Persistence: config.Persistence{
			DefaultStore: "history", VisibilityStore: "visibility", NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{"history": {SQL: db}, "visibility": {SQL: lookup}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: clusterID, CurrentClusterName: clusterID,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterID: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			"frontend": service(0), "history": service(1), "matching": service(2), "worker": service(3),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: off},
			Visibility: config.VisibilityArchival{State: off},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: off},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: off},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
}

// members says that every service has one host, this process. Without it the services would look for each other in the
// file, find those of a process that has died, and wait for them.
func members(ports []int) map[primitives.ServiceName]static.Hosts {
	at := func(i int) static.Hosts {
		return static.SingleLocalHost(net.JoinHostPort(host, strconv.Itoa(ports[i])))
	}
	return map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: at(0), primitives.HistoryService: at(1),
		primitives.MatchingService: at(2), primitives.WorkerService: at(3),
	}
}

// tuning lifts the request limits that are meant for clusters shared by many, and has task queues be fair between
// customers.
func tuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.FrontendRPS.Key():                        20000,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key(): 20000,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():           100000,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():          100000,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():          100000,
		// Workflows stay in memory for an hour after their end, 128,000 of them unless told otherwise: a gigabyte after ten
		// thousand incidents. One that is not in memory is read again when something happens to it.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 4096,
		// Fair from the start: switching it on when the first fairness key is seen reloads the queue, and a task that was
		// just handed to a worker is lost until its timeout.
		dynamicconfig.MatchingEnableFairness.Key(): true,
		// How often what follows a commit is looked for: at most 20 times a second would make each hop of an incident wait
		// for 50 ms. Under full load more than this finds no more at once.
		dynamicconfig.TransferProcessorMaxPollRPS.Key(): 200,
		// How long the server keeps what is done among what is to do, and looks through it at every commit: with the usual
		// 30 s the work grows with the square of the load.
		dynamicconfig.TransferProcessorUpdateAckInterval.Key():   2 * time.Second,
		dynamicconfig.VisibilityProcessorUpdateAckInterval.Key(): 2 * time.Second,
		// A timer may be this late: verification asks every few seconds, and its rounds should not drift by a second each.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 20 * time.Millisecond,
		// One process has no use for a queue in several partitions: they only pass tasks and pollers on to each other.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}
}

// The ports that are tried: below those that systems hand out by themselves, for connections and for port 0. Temporal
// listens a moment after a port was found free, and nobody takes one of these in between by chance.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePorts finds n distinct free ports on the loopback interface.
func freePorts(n int) ([]int, error) {
	var ports []int
	var err error
	for tries := 0; len(ports) < n && tries < 1000; tries++ {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, busy := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if busy != nil {
			err = busy
			continue
		}
		defer l.Close() // all stay open until the end, so that no two are the same
		ports = append(ports, port)
	}
	if len(ports) < n {
		return nil, err
	}
	return ports, nil
}
