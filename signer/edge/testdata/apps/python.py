# Private files of a stack in Python: the key group has a key of each kind, a
# website redirects from another bucket, and the distribution has a name of its own.
from aws_cdk import App, Stack, aws_certificatemanager as acm, aws_cloudfront as cloudfront, aws_cloudfront_origins as origins, aws_s3 as s3

app = App()
stack = Stack(app, "Files")
bucket = s3.Bucket(stack, "Files", encryption=s3.BucketEncryption.S3_MANAGED)
keys = cloudfront.KeyGroup(stack, "Keys", items=[
    cloudfront.PublicKey(stack, "Old", encoded_key="-----BEGIN PUBLIC KEY-----\nreplace me before you deploy\n-----END PUBLIC KEY-----"),
    cloudfront.PublicKey(stack, "New", encoded_key="-----BEGIN PUBLIC KEY-----\nand me\n-----END PUBLIC KEY-----"),
])
origin = origins.OriginGroup(
    primary_origin=origins.S3BucketOrigin.with_origin_access_identity(bucket),
    fallback_origin=origins.HttpOrigin("fallback.example.com"),
    fallback_status_codes=[404],
)
cloudfront.Distribution(
    stack, "Distribution",
    domain_names=["files.example.com"],
    certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", "arn:aws:acm:us-east-1:123456789012:certificate/1"),
    default_root_object="index.html",
    default_behavior=cloudfront.BehaviorOptions(
        origin=origins.S3BucketOrigin.with_origin_access_identity(bucket),
        trusted_key_groups=[keys],
        response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
        origin_request_policy=cloudfront.OriginRequestPolicy.CORS_S3_ORIGIN,
        edge_lambdas=[],
    ),
    additional_behaviors={"/either/*": cloudfront.BehaviorOptions(origin=origin, trusted_key_groups=[keys])},
    error_responses=[cloudfront.ErrorResponse(http_status=403, response_http_status=200, response_page_path="/either/none.html")],
)
app.synth()
