package config

import "time"

// Uploads lets browsers and roles upload to the bucket. CloudFront is no part of
// it: a browser sends a file to S3 itself, by a request that a program has
// presigned with a role that may upload.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/PresignedUrlUploadObject.html
type Uploads struct {
	// Origins are the origins whose pages may send presigned PUT and POST
	// requests, such as https://app.example.com or https://*.example.com. The one
	// word * stands for all. A new bucket gets the rule; that of an existing one is
	// in the output RequiredBucketCors.
	//
	// Default: none.
	Origins []string `json:"origins"`

	// Roles are names of roles in the stack's account that may upload, whole or in
	// parts, list and read, as "aws s3 sync" does in both directions. They may
	// overwrite, and delete nothing.
	//
	// Default: none.
	Roles []string `json:"roles"`
}

// UploadHeaders are the request headers that a presigned upload may have: what S3
// keeps with an object, what says that it must be new, and S3's own, such as
// x-amz-meta- and x-amz-checksum-.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func UploadHeaders() []string {
	return []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-MD5", "Content-Type", "Expires", "If-Match", "If-None-Match", "x-amz-*"}
}

// UploadExposedHeaders are the response headers that a page may read: an upload in
// parts is completed with the ETag of each.
func UploadExposedHeaders() []string { return []string{"ETag", "x-amz-version-id"} }

// UploadMaxAge is for how long a browser keeps the answer to a preflight request.
const UploadMaxAge = 10 * time.Minute

func (u Uploads) check(at node) {
	origins, roles := at.field("Origins"), at.field("Roles")
	if len(u.Origins) == 0 && len(u.Roles) == 0 {
		at.missing("neither "+at.name("Origins")+" nor "+at.name("Roles"), "write the origins whose pages upload, such as "+examples["origins"]+", the roles that may, such as "+examples["roles"]+", or both")
	}
	origins.list(u.Origins, func(at node, origin string) {
		switch {
		case origin != "*":
			checkCORSOrigin(at, origin)
		case len(u.Origins) > 1:
			at.wrong(`"*" beside other origins`, "leave the others out, or this one")
		}
	})
	checkRoles(roles, u.Roles, "leave it out, and let that account's own policies and the bucket's let it upload")
}
