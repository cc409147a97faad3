package config

import (
	"slices"
	"strings"
)

// GeoRestriction allows viewers in the countries of Allow only, or in all countries
// except those of Deny. Set one of the two.
type GeoRestriction struct {
	// Allow are the countries whose viewers are allowed, as two-letter codes of
	// ISO 3166-1, such as DE.
	Allow []string `json:"allow"`

	// Deny are the countries whose viewers are denied, as two-letter codes of
	// ISO 3166-1.
	Deny []string `json:"deny"`
}

func (g GeoRestriction) check(at node) {
	allow, deny := at.name("Allow"), at.name("Deny")
	switch {
	case len(g.Allow) == 0 && len(g.Deny) == 0:
		at.missing("neither "+allow+" nor "+deny, "write one of the two")
	case len(g.Allow) > 0 && len(g.Deny) > 0:
		at.wrong(allow+" and "+deny, "write one of the two: every viewer who is not allowed is denied")
	}
	checkCountries(at.field("Allow"), g.Allow)
	checkCountries(at.field("Deny"), g.Deny)
}

func checkCountries(at node, countries []string) {
	for i, country := range countries {
		if isToken(country) && country != unread {
			at.index(i).wrong("a token", "write the two letters themselves: the CDK accepts no token for a country")
		}
	}
	at.list(countries, checkCountry)
}

func checkCountry(at node, country string) {
	if slices.Contains(countries, country) {
		return
	}
	fix := `write the two capital letters of a country of ISO 3166-1, such as "DE"`
	upper := strings.ToUpper(country)
	if upper == "UK" {
		upper = "GB"
	}
	if slices.Contains(countries, upper) {
		fix += "; did you mean " + quote(upper) + "?"
	}
	at.wrong(quote(country), fix)
}

// countries are the codes of ISO 3166-1 alpha-2. CloudFront accepts all of them:
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_GeoRestriction.html
var countries = strings.Fields(`
	AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ
	BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
	CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ
	DE DJ DK DM DO DZ
	EC EE EG EH ER ES ET
	FI FJ FK FM FO FR
	GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY
	HK HM HN HR HT HU
	ID IE IL IM IN IO IQ IR IS IT
	JE JM JO JP
	KE KG KH KI KM KN KP KR KW KY KZ
	LA LB LC LI LK LR LS LT LU LV LY
	MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
	NA NC NE NF NG NI NL NO NP NR NU NZ
	OM
	PA PE PF PG PH PK PL PM PN PR PS PT PW PY
	QA
	RE RO RS RU RW
	SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ
	TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
	UA UG UM US UY UZ
	VA VC VE VG VI VN VU
	WF WS
	YE YT
	ZA ZM ZW
`)
