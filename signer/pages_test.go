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
		var anchor strings.Builder
		for _, c := range strings.ToLower(strings.TrimSpace(match[1])) {
			switch {
			case c == ' ':
				anchor.WriteByte('-')
			case c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80:
				anchor.WriteRune(c)
			}
		}
		anchors = append(anchors, anchor.String())
	}
	return anchors
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
