package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"shodo/internal/catalog"
	"shodo/internal/config"
	"shodo/internal/incident"
	"shodo/internal/source"
)

// customersOf reads the catalog of the settings and says whose a service is. Incidents of other services belong to nobody.
func customersOf(ctx context.Context, cfg *config.Config, log *slog.Logger) (func(incident.ServiceID) incident.Customer, error) {
	c, err := catalogOf(ctx, cfg, log)
	if err != nil {
		return nil, fmt.Errorf("read the catalog, which says whose each service is: %w", err)
	}
	return func(id incident.ServiceID) incident.Customer {
		owner, ok := c.CustomerOf(id)
		if !ok {
			return incident.Customer{}
		}
		return owner.Facts()
	}, nil
}

// catalogOf reads the catalog once. One from Git is read into a folder that is removed again: the engine has its own.
func catalogOf(ctx context.Context, cfg *config.Config, log *slog.Logger) (*catalog.Catalog, error) {
	o := source.Options{Actions: anyActions(), Log: log}
	g := cfg.Catalog.Git
	if g.URL == "" {
		s, err := source.OpenFolder(cfg.Catalog.Dir, o)
		if err != nil {
			return nil, err
		}
		return s.Current(), nil
	}
	u, err := source.ParseURL(g.URL)
	if err != nil {
		return nil, fmt.Errorf("catalog.git.url: %w", err)
	}
	dir, err := os.MkdirTemp("", "shodo-catalog-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := source.OpenGit(ctx, source.Git{URL: u, Ref: g.Ref, Path: g.Path, User: g.Auth.User, Token: g.Auth.Token.Value,
		SSHKey: g.Auth.SSHKey, KnownHosts: g.Auth.KnownHosts, Dir: dir}, o)
	if err != nil {
		return nil, err
	}
	return s.Current(), nil
}
