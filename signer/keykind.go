package signer

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

// pkcs8Kind returns the kind of a PKCS #8 key that is not accepted, by its
// algorithm identifier. It returns "" if the kind is accepted or not known.
func pkcs8Kind(der []byte) string {
	var key struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey asn1.RawValue
		Rest       []asn1.RawValue `asn1:"optional,set"`
	}
	if _, err := asn1.Unmarshal(der, &key); err != nil && key.Algorithm.Algorithm == nil {
		return ""
	}
	switch id := key.Algorithm.Algorithm.String(); id {
	case "1.2.840.113549.1.1.1":
		return ""
	case "1.2.840.113549.1.1.10":
		return "RSA-PSS"
	case "1.2.840.10040.4.1":
		return "DSA"
	case "1.3.101.110":
		return "X25519"
	case "1.3.101.111":
		return "X448"
	case "1.3.101.113":
		return "Ed448"
	case "1.2.840.10045.2.1":
		var curve asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &curve); err != nil {
			return "ECDSA with its curve written out"
		}
		return curveKind(curve)
	default:
		return "with the algorithm " + Describe(id, FormWord)
	}
}

// isPKCS12 reports whether der is a PKCS #12 file: RFC 7292, section 4.
func isPKCS12(der []byte) bool {
	var file struct {
		Version int
		Safe    struct {
			Type    asn1.ObjectIdentifier
			Content asn1.RawValue `asn1:"tag:0"`
		}
		MAC asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(der, &file)
	return err == nil && file.Version == 3
}

// isEncryptedPKCS8 reports whether der is a PKCS #8 key encrypted with a
// passphrase: RFC 5958, section 3.
func isEncryptedPKCS8(der []byte) bool {
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	_, err := asn1.Unmarshal(der, &key)
	return err == nil
}

// sec1Kind returns the curve of a SEC 1 key that is not accepted.
func sec1Kind(der []byte) string {
	type sec1[C any] struct {
		Version    int
		PrivateKey []byte
		Curve      C              `asn1:"optional,explicit,tag:0"`
		PublicKey  asn1.BitString `asn1:"optional,explicit,tag:1"`
	}
	var named sec1[asn1.ObjectIdentifier]
	if _, err := asn1.Unmarshal(der, &named); err == nil && len(named.Curve) > 0 {
		return curveKind(named.Curve)
	}
	var any sec1[asn1.RawValue]
	if _, err := asn1.Unmarshal(der, &any); err == nil {
		return "ECDSA with its curve written out"
	}
	return ""
}

func curveKind(curve asn1.ObjectIdentifier) string {
	switch id := curve.String(); id {
	case "1.2.840.10045.3.1.7":
		return "" // P-256: something else is wrong
	case "1.3.132.0.10":
		return "ECDSA on secp256k1"
	case "1.3.36.3.3.2.8.1.1.7":
		return "ECDSA on brainpoolP256r1"
	default:
		return "ECDSA on the curve " + Describe(id, FormWord)
	}
}
