package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Domain serves the content under domain names of your own.
type Domain struct {
	// Names are the domain names, such as media.example.com. Signed URLs start
	// with the first one; others may start with *. for one level of subdomains.
	// CloudFront gives a name to one distribution in all of AWS.
	//
	// In cdk.json, a name may contain {environment} once: it stands for the name of
	// the environment. In the environments of a pattern, each name must contain it.
	//
	// Default: none. The distribution then has only the certificate, and a live name
	// can be moved to it.
	Names []string `json:"names"`

	// Certificate is the ARN of an ACM certificate in us-east-1 that covers all
	// Names.
	//
	// Default: a new certificate, validated by DNS in HostedZone. It is made in
	// us-east-1, in a stack of its own if this one is in another Region. Without
	// Names, it covers the zone's name and one level of subdomains.
	Certificate string `json:"certificate"`

	// HostedZone is the public Route 53 zone in which the A and AAAA records of
	// the names are made.
	//
	// Default: none. You make the records, and Certificate is required.
	HostedZone *HostedZone `json:"hostedZone"`
}

// HostedZone is a public hosted zone of Route 53.
type HostedZone struct {
	// ID is the id of the zone, such as Z0123456789ABCDEFGHIJ.
	ID string `json:"id"`

	// Name is the domain name of the zone, such as example.com.
	Name string `json:"name"`
}

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxDomainNames = 100

// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const maxHostName = 253

// Quotas of a certificate that AWS Certificate Manager makes: names, by default,
// and characters of the first name:
// https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const (
	maxCertificateNames = 10
	maxCommonName       = 64
)

// maxLabel is the most characters between two dots of a name:
// https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
const maxLabel = 63

func longestLabel(name string) (longest int) {
	for _, label := range strings.Split(name, ".") {
		longest = max(longest, len(label))
	}
	return longest
}

var (
	hostLabel      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	digitsOnly     = regexp.MustCompile(`^[0-9]+$`)
	certificateARN = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):([0-9]{12}):certificate/[A-Za-z0-9_-]+$`)

	// https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
	hostedZoneID = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
)

func (d Domain) check(at node) {
	names := at.field("Names")
	switch {
	case d.Names != nil && len(d.Names) == 0:
		names.wrong("an empty list", "leave it out to prepare only the certificate, or write a list such as "+examples["names"])
	case len(d.Names) == 0 && d.makesCertificate():
		switch zone := d.HostedZone.Name; {
		case isToken(zone):
			names.missing("missing, with a zone whose name is a token", "write a list such as "+examples["names"]+": the certificate is made for these names or for the name of the zone")
		case len("*."+zone) > maxCommonName:
			names.missing("missing", fmt.Sprintf("write a list such as %s, or a %s: one for %s would have more than the %d characters of a common name", examples["names"], at.name("Certificate"), quote("*."+zone), maxCommonName))
		}
	case len(d.Names) > maxDomainNames:
		names.wrong(fmt.Sprintf("%d names", len(d.Names)), fmt.Sprintf("list %d at most, the quota of a distribution", maxDomainNames))
	}
	for i, name := range d.Names {
		if isToken(name) {
			names.index(i).wrong("a token", "write the name itself: records and certificate are made from it")
		}
	}
	names.list(d.Names, func(at node, name string) {
		bare, wildcard := strings.CutPrefix(name, "*.")
		switch {
		case wildcard && name == d.Names[0]:
			at.wrong(quote(name)+" as the first name", "write one without * first: signed URLs start with it")
		case strings.Contains(name, environmentMark) && !at.json:
			at.wrong(quoteName(name), "write the name itself: the mark is replaced only in cdk.json")
		case strings.Count(name, environmentMark) > 1:
			at.wrong(quoteName(name), fmt.Sprintf("write %s once in a name", environmentMark))
		case at.json && strings.ContainsAny(strings.Replace(name, environmentMark, "", 1), "{}$<>"):
			at.wrong(quoteName(name), fmt.Sprintf("write %s exactly, in place of the name of the environment", environmentMark))
		case longestLabel(bare) > maxLabel:
			at.wrong(fmt.Sprintf("%s, with %d characters between dots", quote(name), longestLabel(bare)), fmt.Sprintf("write at most %d there", maxLabel))
		case !isHostName(bare) || len(name) > maxHostName:
			at.wrong(quoteName(name), "write a domain name in lower case, such as "+examples["name"]+", optionally after *.")
		case bare == "cloudfront.net" || strings.HasSuffix(bare, ".cloudfront.net"):
			at.wrong(quote(name), "write a name of your own: CloudFront's own name needs no setting")
		case d.makesCertificate() && name == d.Names[0] && len(name) > maxCommonName:
			at.wrong(fmt.Sprintf("%s, of %d characters", quote(name), len(name)),
				fmt.Sprintf("put one of at most %d characters first, because it becomes the common name of the new certificate, or write a %s", maxCommonName, at.name("Certificate")))
		case d.HostedZone != nil && isHostName(d.HostedZone.Name) && !inZone(bare, d.HostedZone.Name):
			at.wrong(quote(name), fmt.Sprintf("write a name in the hosted zone %s: the records are made in that zone", quote(d.HostedZone.Name)))
		}
	})

	if d.Certificate == "" && d.HostedZone == nil {
		certificate, zone := at.name("Certificate"), at.name("HostedZone")
		at.missing(fmt.Sprintf("neither %s nor %s", certificate, zone),
			fmt.Sprintf("write the ARN of a %s in us-east-1, or the %s that validates one", certificate, zone))
	}
	checkCertificate(at.field("Certificate"), d.Certificate)
	if d.HostedZone != nil {
		d.HostedZone.check(at.field("HostedZone"))
	}
}

// makesCertificate reports whether the stack makes a certificate.
func (d Domain) makesCertificate() bool { return d.Certificate == "" && d.HostedZone != nil }

func (d Domain) warn(at node) {
	if n := len(d.Names); d.makesCertificate() && n > maxCertificateNames {
		at.field("Names").wrong(fmt.Sprintf("%d names, with a certificate that the stack makes", n),
			fmt.Sprintf("AWS Certificate Manager allows %d in a certificate: list fewer, or ask AWS for more, https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html", maxCertificateNames))
	}
}

// checkCertificate checks the ARN of a distribution's certificate, which must be in
// us-east-1: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
func checkCertificate(at node, arn string) {
	if arn == "" || isToken(arn) {
		return
	}
	parts := certificateARN.FindStringSubmatch(arn)
	switch {
	case parts == nil:
		at.wrong(quote(arn), "write the ARN of a certificate of AWS Certificate Manager, such as "+examples["certificate"])
	case parts[1] != "us-east-1":
		at.wrong("a certificate in "+regionWords(parts[1]), "write one in us-east-1: CloudFront accepts certificates of that Region only")
	}
}

func (z HostedZone) check(at node) {
	id, prefixed := strings.CutPrefix(z.ID, "/hostedzone/")
	switch {
	case isToken(z.ID):
	case z.ID == "":
		at.field("ID").missing("missing", "write the id of the zone, such as "+examples["id"])
	case !hostedZoneID.MatchString(id):
		at.field("ID").wrong(quote(z.ID), "write the id of the zone, such as "+examples["id"])
	case prefixed:
		at.field("ID").wrong(quote(z.ID), fmt.Sprintf("write %s alone", quotePart(id, z.ID)))
	}
	switch bare := strings.TrimSuffix(z.Name, "."); {
	case isToken(z.Name):
	case z.Name == "":
		at.field("Name").missing("missing", "write the domain name of the zone, such as "+examples["name"])
	case !isHostName(bare):
		at.field("Name").wrong(quote(z.Name), "write the domain name of the zone in lower case, such as "+examples["name"])
	case bare != z.Name:
		at.field("Name").wrong(quote(z.Name), fmt.Sprintf("write %s, without the dot at the end", quotePart(bare, z.Name)))
	}
}

// isHostName reports whether name is a domain name in lower case of two labels or
// more.
func isHostName(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > maxHostName || len(labels) < 2 || digitsOnly.MatchString(labels[len(labels)-1]) {
		return false
	}
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

func inZone(name, zone string) bool { return name == zone || strings.HasSuffix(name, "."+zone) }
