package signer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Others may be able to write the deployment document. Its names become parts of
// the host or the path of requests that carry the program's credentials, so each
// name must match AWS's grammar for it.

// isRegion reports whether text has the form of an AWS Region, such as us-east-1,
// us-gov-west-1 and eusc-de-east-1.
func isRegion(text string) bool {
	parts := strings.Split(text, "-")
	last := len(parts) - 1
	return len(text) <= 32 && last >= 2 && isMade(parts[last], isDigit) &&
		!slices.ContainsFunc(parts[:last], func(part string) bool { return !isMade(part, isLower) })
}

// isPartition reports whether text has the form of an AWS partition, such as aws
// and aws-us-gov.
func isPartition(text string) bool {
	parts := strings.Split(text, "-")
	return len(text) <= 32 && parts[0] == "aws" &&
		!slices.ContainsFunc(parts, func(part string) bool { return !isMade(part, isLower) })
}

func isAccount(text string) bool { return len(text) == 12 && isMade(text, isDigit) }

// checkARN checks that text is the ARN of a resource of service. isResource checks
// the resource:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func checkARN(text, service string, isResource func(string) bool) error {
	parts := strings.SplitN(text, ":", 6)
	switch {
	case len(parts) != 6 || parts[0] != "arn":
		return fmt.Errorf("%s is not an ARN", Describe(text, FormName))
	case !isPartition(parts[1]):
		return fmt.Errorf("the partition is %s", Describe(parts[1], FormWord))
	case parts[2] != service:
		return fmt.Errorf("the service is %s", Describe(parts[2], FormWord))
	case !isRegion(parts[3]):
		return fmt.Errorf("the Region is %s", Describe(parts[3], FormWord))
	case !isAccount(parts[4]):
		return fmt.Errorf("the account is %s", Describe(parts[4], FormWord))
	case !isResource(parts[5]):
		return fmt.Errorf("the resource is %s", Describe(parts[5], FormName))
	}
	return nil
}

// isSecret reports whether the resource of an ARN is a secret:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func isSecret(resource string) bool {
	name, ok := strings.CutPrefix(resource, "secret:")
	return ok && len(name) <= 519 && isMade(name, func(c byte) bool { return isLetterOrDigit(rune(c)) || strings.IndexByte("/_+=.@-", c) >= 0 })
}

// isKMSKey reports whether the resource of an ARN is a KMS key, by id or by alias:
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html
func isKMSKey(resource string) bool {
	id, ok := strings.CutPrefix(resource, "key/")
	if ok {
		return len(id) <= 256 && isMade(id, func(c byte) bool { return isLetterOrDigit(rune(c)) || c == '-' })
	}
	alias, ok := strings.CutPrefix(resource, "alias/")
	return ok && len(alias) <= 250 && isMade(alias, func(c byte) bool { return isLetterOrDigit(rune(c)) || strings.IndexByte("/_-", c) >= 0 })
}

// isSecretVersion reports whether text has the form of a secret's version id,
// usually a UUID.
func isSecretVersion(text string) bool {
	return len(text) <= 64 && isMade(text, func(c byte) bool { return isLetterOrDigit(rune(c)) || c == '-' })
}

// isParameter reports whether text is a parameter name with a path:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
func isParameter(text string) bool {
	path, ok := strings.CutPrefix(text, "/")
	return ok && len(text) <= 1011 && !slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool {
		return !isMade(part, func(c byte) bool { return isLetterOrDigit(rune(c)) || strings.IndexByte("_.-", c) >= 0 })
	})
}

// isBucket reports whether text has the form of an S3 bucket's name:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func isBucket(text string) bool {
	ends := func(c byte) bool { return isLower(c) || isDigit(c) }
	return len(text) >= 3 && len(text) <= 63 && ends(text[0]) && ends(text[len(text)-1]) && !strings.Contains(text, "..") &&
		isMade(text, func(c byte) bool { return ends(c) || c == '-' || c == '.' })
}

// isFolder reports whether text is a folder of a bucket that a distribution can
// serve, in characters that need no escape:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html#DownloadDistValuesOriginPath
func isFolder(text string) bool {
	path, ok := strings.CutPrefix(text, "/")
	return ok && len(text) <= 255 && !slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool {
		return part == "." || part == ".." || !isMade(part, func(c byte) bool { return class[c]&unreserved != 0 })
	})
}

// isFile reports whether text can be the name of a file.
func isFile(text string) bool {
	return len(text) <= 4096 && utf8.ValidString(text) && !isItself(text) &&
		!strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// isMade reports whether text is not empty and of reports true for each of its
// bytes.
func isMade(text string, of func(byte) bool) bool {
	for i := range len(text) {
		if !of(text[i]) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
