package config

import "time"

// Uploads lets browsers and roles upload to the bucket, without CloudFront: a
// browser sends a file directly to S3, with a request that a program presigned as a
// role that may upload.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/PresignedUrlUploadObject.html
type Uploads struct {
	// Origins are the origins whose pages may send presigned PUT and POST requests,
	// such as https://app.example.com or https://*.example.com. * alone stands for all
	// origins. The stack writes the CORS rule of a new bucket; the output
	// RequiredBucketCors holds the rule that an existing bucket needs.
	//
	// Default: none.
	Origins []string `json:"origins"`

	// Roles are the names of roles in the stack's account that may upload, also in
	// parts, list and read objects, as "aws s3 sync" does in both directions. They may
	// overwrite objects but not delete them.
	//
	// Default: none.
	Roles []string `json:"roles"`
}

// UploadHeaders returns the request headers that a presigned upload may have: those
// that S3 stores with an object, the conditions If-Match and If-None-Match, and S3's
// own, such as x-amz-meta- and x-amz-checksum-.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func UploadHeaders() []string {
	return []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-MD5", "Content-Type", "Expires", "If-Match", "If-None-Match", "x-amz-*"}
}

// UploadExposedHeaders returns the response headers that a page may read. A page
// needs the ETag of each part to complete an upload in parts.
func UploadExposedHeaders() []string { return []string{"ETag", "x-amz-version-id"} }

// UploadMaxAge is how long a browser keeps the answer to a preflight request.
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
			at.wrong(`"*" together with other origins`, "remove the others, or this one")
		}
	})
	checkRoles(roles, u.Roles, "leave it out, and allow it in that account's policies and in the bucket's policy")
}
