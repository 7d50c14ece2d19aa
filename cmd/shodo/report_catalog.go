package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/analytics"
	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/report"
	"shodo/internal/yamldoc"
)

// reportCatalog is what a report takes from the catalog.
type reportCatalog struct {
	read      bool
	catalog   *catalog.Catalog // nil: there is none
	byID      map[string]*customer.Customer
	customers []analytics.Customer
	manual    map[incident.ScenarioName]time.Duration
	taken     []incident.ScenarioName // names that drafts must not have
}

// readCatalog reads the catalog that the flags or the settings name, or the one in the current folder. A report can do
// without.
func (f *reportFlags) readCatalog() (reportCatalog, error) {
	dir, err := f.catalogDir()
	if err != nil || dir == "" {
		return reportCatalog{}, err
	}
	c, problems, err := loadCatalog(dir)
	if err != nil {
		return reportCatalog{}, err
	}
	if err := problems.Err(); err != nil {
		return reportCatalog{}, fmt.Errorf("the catalog is not right, \"shodo check %s\" tells all:\n%w", dir, err)
	}
	known := reportCatalog{read: true, catalog: c, byID: map[string]*customer.Customer{}, customers: report.Customers(c), manual: c.Manual()}
	for _, one := range c.Customers() {
		known.byID[string(one.ID)] = one
	}
	known.taken, err = takenNames(dir)
	return known, err
}

// catalogDir finds the catalog; empty: there is none. Of the settings only its place is read.
func (f *reportFlags) catalogDir() (string, error) {
	if f.catalog != "" {
		return f.catalog, nil
	}
	if dir := os.Getenv("SHODO_CATALOG_DIR"); dir != "" {
		return dir, nil
	}
	if f.store.config != "" {
		var file struct {
			Catalog struct {
				Dir string `yaml:"dir"`
			} `yaml:"catalog"`
		}
		data, err := os.ReadFile(f.store.config)
		if err != nil {
			return "", fmt.Errorf("read the settings: %w", err)
		}
		if err := yaml.Unmarshal(data, &file); err != nil {
			return "", fmt.Errorf("read the settings %q: %w (\"shodo config check\" tells more)", f.store.config, err)
		}
		if dir := file.Catalog.Dir; dir != "" {
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(filepath.Dir(f.store.config), dir)
			}
			return dir, nil
		}
	}
	if isFolder("customers") {
		return ".", nil
	}
	return "", nil
}

// language is a customer's own; empty: there is none.
func (c reportCatalog) language(id string) string {
	if one := c.byID[id]; one != nil {
		return one.Language
	}
	return ""
}

// zone is a customer's own; empty: there is none.
func (c reportCatalog) zone(id string) string {
	if one := c.byID[id]; one != nil {
		return one.TimeZone.String()
	}
	return ""
}

// similar suggests what may have been meant.
func (c reportCatalog) similar(id string) string {
	var ids []string
	for known := range c.byID {
		ids = append(ids, known)
	}
	slices.Sort(ids)
	return yamldoc.Suggest(id, ids)
}

func (c reportCatalog) departments() string {
	var names []string
	for _, one := range c.customers {
		names = append(names, one.Department)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return ""
	}
	return "the catalog has " + strings.Join(names, ", ")
}
