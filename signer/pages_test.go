package signer_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	pageLink    = regexp.MustCompile(`(?:\]\(|src(?:set)?=")([^()"\s]+)[)"]`)
	pageHeading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	codeBlock   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
)

// allPages lists the Markdown files of the repository.
func allPages(t *testing.T) (pages []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == "node_modules" || name == "testdata" || name == "cdk.out"):
			return filepath.SkipDir
		case filepath.Ext(name) == ".md":
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func TestLinksBetweenPagesLeadToAFileAndAHeading(t *testing.T) {
	pages := allPages(t)
	links, linked := 0, map[string]bool{filepath.Join("..", "README.md"): true}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range pageLink.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(match[1], ":") { // on the web
				continue
			}
			links++
			file, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
				linked[target] = true
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which there is not", page, match[1])
			} else if anchor != "" && filepath.Ext(target) == ".md" && !slices.Contains(anchorsOf(t, target), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", page, match[1], target)
			}
		}
	}
	for _, page := range pages {
		if !linked[page] {
			t.Errorf("no page links to %s", page)
		}
	}
	if len(pages) < 10 || links < 50 {
		t.Errorf("%d links in %d pages: the search has not found them", links, len(pages))
	}
}

// anchorsOf lists the headings of a page as GitHub makes addresses of them.
func anchorsOf(t *testing.T, page string) (anchors []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range pageHeading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
		anchors = append(anchors, anchorOf(match[1]))
	}
	return anchors
}

func anchorOf(heading string) string {
	var anchor strings.Builder
	for _, c := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case c == ' ':
			anchor.WriteByte('-')
		case c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80:
			anchor.WriteRune(c)
		}
	}
	return anchor.String()
}

// A test of package status finds that STATUS.md names each check.
func TestTheRunbooksHaveCommandsForEachCheckOfStatus(t *testing.T) {
	const runbooks = "../constructs/RUNBOOKS.md"
	read := func(page string) string {
		t.Helper()
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, table, _ := strings.Cut(read("cmd/signedfront/STATUS.md"), "\n## What it finds\n")
	table, _, _ = strings.Cut(table, "\n## ")
	checks := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1)
	if len(checks) < 19 {
		t.Fatalf("STATUS.md has %d checks: the search has not found them", len(checks))
	}
	page := read(runbooks)
	opening, _, _ := strings.Cut(page, "\n## ")
	link := regexp.MustCompile(`\]\(#([^)]+)\)`)
	for _, check := range checks {
		name := "`" + check[1] + "`"
		var linked []string
		found := false
		for row := range strings.Lines(opening) {
			says, leads, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
			if !strings.HasPrefix(row, "| ") || !strings.Contains(says, name) {
				continue
			}
			for _, match := range link.FindAllStringSubmatch(leads, -1) {
				linked = append(linked, match[1])
				text := sectionOf(page, match[1])
				found = found || strings.Contains(text, name) && strings.Contains(text, "\n```sh\n")
			}
		}
		if !found {
			t.Errorf("the table of %s leads from the check %s to %q, and none of these names it with commands", runbooks, name, linked)
		}
	}
}

// sectionOf returns the section of a page whose heading has an anchor, with the sections in
// it.
func sectionOf(page, anchor string) string {
	var section strings.Builder
	level, inCode := 0, false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if match := pageHeading.FindStringSubmatch(line); match != nil && !inCode {
			switch marks := strings.IndexByte(line, ' '); {
			case anchorOf(match[1]) == anchor:
				level = marks
			case marks <= level:
				return section.String()
			}
		}
		if level > 0 {
			section.WriteString(line)
		}
	}
	return section.String()
}

// GitHub takes a line right after a table for a row of it.
func TestTablesOfPagesEndWithAnEmptyLine(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\|.*\n([^|\n].*)`)
	for _, page := range allPages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range row.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
			t.Errorf("%s has right after a table: %s", page, found[1])
		}
	}
}
