package constructs

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/config"
)

// pricedKinds are the environments of COSTS.md, each with the templates of its
// stacks.
func pricedKinds(t *testing.T) map[string][]*template {
	t.Helper()
	golden := func(files ...string) (templates []*template) {
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			templates = append(templates, parseTemplate(t, text))
		}
		return templates
	}
	return map[string][]*template{
		"`dev` as shipped":         golden("dev.template.json"),
		"protected, in a rotation": {synthesize(t, "prod", twoKeys)},
		"borrowing": {synthesizeContent(t, func(c *config.Content) {
			c.Ephemeral = true
			c.Name, c.ParameterName = "signedfront-review", "/signedfront/signedfront/review"
			c.SigningKeys = config.SigningKeys{From: "dev"}
			c.Lender = &config.Lender{ParameterName: "/signedfront/signedfront/dev", StackName: "signedfront-lender"}
		})},
		"a key of your own": {synthesizeContent(t, func(c *config.Content) {
			c.SigningKeys = config.SigningKeys{Keys: []config.SigningKey{imported(1, publicECDSA, privateKeys["in a secret"])}, Current: 1}
		})},
		"everything on": golden("everything.template.json", "everything-certificate.template.json", "everything-global.template.json"),
	}
}

// tableOf returns the rows of a table of COSTS.md, the header first, by the
// heading above it. Of a section with several tables, nth is the one, from 0.
func tableOf(t *testing.T, heading string, nth int) [][]string {
	t.Helper()
	page, err := os.ReadFile("COSTS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("COSTS.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var tables [][][]string
	inTable := false
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			inTable = false
			continue
		}
		if !inTable {
			tables, inTable = append(tables, nil), true
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !strings.HasPrefix(cells[0], "---") {
			tables[len(tables)-1] = append(tables[len(tables)-1], cells)
		}
	}
	if len(tables) <= nth {
		t.Fatalf("%q of COSTS.md has %d tables", heading, len(tables))
	}
	return tables[nth]
}

var resourceType = regexp.MustCompile("`((?:AWS|Custom)::[A-Za-z0-9:]+)`")

func TestThePageOfCostsCountsTheResourcesOfTheTemplates(t *testing.T) {
	kinds := pricedKinds(t)
	rows := tableOf(t, "How many environments an account holds", 0)
	head, rows := rows[0], rows[1:]
	if got := head[3:]; len(got) != len(kinds) {
		t.Fatalf("columns of %v, want those of %d environments", got, len(kinds))
	}
	listed := map[string]bool{}
	least := map[string]int{}     // how many environments, by kind
	scarce := map[string]string{} // the resources that allow no more
	for _, row := range rows {
		types := []string{}
		for _, match := range resourceType.FindAllStringSubmatch(row[0], -1) {
			types = append(types, match[1])
			listed[match[1]] = true
		}
		name, _, _ := strings.Cut(row[0], " `")
		quota, err := strconv.Atoi(strings.ReplaceAll(row[1], ",", ""))
		bounded := err == nil
		for i, kind := range head[3:] {
			templates, known := kinds[kind]
			if !known {
				t.Fatalf("a column of %q, which is no environment of this test", kind)
			}
			cell := strings.Trim(row[3+i], "*")
			switch name {
			case "**environments of an account**":
				if cell != fmt.Sprint(least[kind]) {
					t.Errorf("%s: %s environments of an account, want %d", kind, cell, least[kind])
				}
				continue
			case "what is used up first":
				if cell != scarce[kind] {
					t.Errorf("%s: %q is used up first, want %q", kind, cell, scarce[kind])
				}
				continue
			}
			count := 0
			if name == "stacks" {
				count = len(templates)
			}
			for _, template := range templates {
				for _, resource := range types {
					count += len(template.all(resource))
				}
			}
			if cell != fmt.Sprint(count) {
				t.Errorf("%s: %s %s, the templates have %d", kind, cell, name, count)
			}
			if !bounded || count == 0 {
				continue
			}
			switch most := quota / count; {
			case least[kind] == 0 || most < least[kind]:
				least[kind], scarce[kind] = most, name
			case most == least[kind]:
				scarce[kind] += ", " + name
			}
		}
	}
	for kind, templates := range kinds {
		for _, template := range templates {
			for id, r := range template.Resources {
				if !listed[r.Type] {
					t.Errorf("%s: %s is an %s, of which COSTS.md has no row", kind, id, r.Type)
				}
			}
		}
	}
}

// What the page counts and what the configuration warns of are the same quotas.
func TestASynthesisWarnsOfOneEnvironmentMoreThanThePageOfCostsAllows(t *testing.T) {
	rows := tableOf(t, "How many environments an account holds", 0)
	kinds := map[string]string{
		"`dev` as shipped":         `{"ephemeral": true}`,
		"protected, in a rotation": twoKeys,
		"borrowing":                `{"ephemeral": true, "signingKeys": {"from": "lender"}}`,
	}
	for i, kind := range rows[0] {
		settings, is := kinds[kind]
		if !is {
			continue
		}
		delete(kinds, kind)
		var most int
		var first string
		for _, row := range rows {
			switch row[0] {
			case "**environments of an account**":
				most, _ = strconv.Atoi(strings.Trim(row[i], "*"))
			case "what is used up first":
				first = row[i]
			}
		}
		of := func(count int) string {
			environments := []string{}
			if strings.Contains(settings, "lender") { // which takes a place too
				environments = append(environments, `"lender": {"ephemeral": true, "lendKeys": true}`)
			}
			for n := len(environments); n < count; n++ {
				environments = append(environments, fmt.Sprintf(`"e%d": %s`, n, settings))
			}
			var context map[string]any
			text := `{"project": "signedfront", "environments": {` + strings.Join(environments, ", ") + "}}"
			if err := json.Unmarshal([]byte(text), &context); err != nil {
				t.Fatal(err)
			}
			c, err := config.Read(context, nil)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			return fmt.Sprint(c.Warnings())
		}
		if told := of(most); strings.Contains(told, "CloudFront gives an account") {
			t.Errorf("%s: %d environments are within the quotas by the page, and the configuration warns: %s", kind, most, told)
		}
		told := of(most + 1)
		for _, name := range strings.Split(first, ", ") {
			if !strings.Contains(told, name) {
				t.Errorf("%s: %d environments use up the %s by the page, and the configuration says: %s", kind, most+1, name, told)
			}
		}
	}
	if len(kinds) > 0 {
		t.Errorf("COSTS.md has no column of %v", kinds)
	}
}

var product = regexp.MustCompile(`^([0-9.]+) × \$([0-9.]+)$`)

// sum adds up what a cell shows, such as "2 × $0.40 + 1 × $1.00", and returns how
// many there are at each price too.
func sum(t *testing.T, cell string) (total float64, at map[string]float64) {
	t.Helper()
	at = map[string]float64{}
	for _, part := range strings.Split(cell, " + ") {
		match := product.FindStringSubmatch(part)
		if match == nil {
			t.Fatalf("%q is no sum", cell)
		}
		count, _ := strconv.ParseFloat(match[1], 64)
		price, _ := strconv.ParseFloat(match[2], 64)
		total += count * price
		at[match[2]] += count
	}
	return total, at
}

func dollars(amount float64) string { return fmt.Sprintf("$%.2f", math.Floor(amount*100+0.5+1e-9)/100) }

func TestThePageOfCostsAddsUp(t *testing.T) {
	for _, table := range []struct {
		heading string
		nth     int
	}{
		{"A month without a viewer", 0}, {"A million requests", 0}, {"A million requests", 1}, {"Signing", 0},
	} {
		var all float64
		for _, row := range tableOf(t, table.heading, table.nth)[1:] {
			total, _ := sum(t, row[1])
			all += total
			if got := dollars(total); got != row[2] {
				t.Errorf("%s: %s: %s is %s, not %s", table.heading, row[0], row[1], got, row[2])
			}
		}
		if table.heading == "A million requests" && table.nth == 0 {
			page, err := os.ReadFile("COSTS.md")
			if err != nil {
				t.Fatal(err)
			}
			if want := "That is " + dollars(all) + "."; !strings.Contains(string(page), want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	}
}

func TestAnIdleEnvironmentCostsWhatItsSecretsAndKMSKeysCost(t *testing.T) {
	kinds := pricedKinds(t)
	var priced []string
	for _, row := range tableOf(t, "A month without a viewer", 0)[1:] {
		priced = append(priced, row[0])
		_, at := sum(t, row[1])
		secrets, keys := 0, 0
		for _, template := range kinds[row[0]] {
			secrets += len(template.all("AWS::SecretsManager::Secret"))
			keys += len(template.all("AWS::KMS::Key"))
		}
		if at["0.40"] != float64(secrets) || at["1.00"] != float64(keys) {
			t.Errorf("%s: %s; the templates have %d secrets and %d KMS keys", row[0], row[1], secrets, keys)
		}
	}
	for kind := range kinds {
		if !slices.Contains(priced, kind) {
			t.Errorf("no price of %s", kind)
		}
	}
}
