// Package awsrotation reads from AWS what package rotation judges: key groups,
// public keys and the versions of a deployment document.
//
//	r := awsrotation.New(cfg)
//	group, err := r.KeyGroup(ctx, keyGroupID)
//	versions, err := r.History(ctx, "/signedfront/media/dev")
//
// Its methods need the IAM actions that they name, which only read. IAM cannot
// restrict the CloudFront actions to a key group or a public key:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
package awsrotation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Reader reads with its clients. Every method reads all pages. The error is a
// *CallError if AWS refused the call or was not reached.
type Reader struct {
	CloudFront interface {
		GetKeyGroup(context.Context, *cloudfront.GetKeyGroupInput, ...func(*cloudfront.Options)) (*cloudfront.GetKeyGroupOutput, error)
		GetPublicKey(context.Context, *cloudfront.GetPublicKeyInput, ...func(*cloudfront.Options)) (*cloudfront.GetPublicKeyOutput, error)
		ListDistributionsByKeyGroup(context.Context, *cloudfront.ListDistributionsByKeyGroupInput, ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsByKeyGroupOutput, error)
	}
	SSM ssm.GetParameterHistoryAPIClient
}

// New returns a Reader that uses the Region, credentials and endpoint of config.
func New(config aws.Config) *Reader {
	return &Reader{cloudfront.NewFromConfig(config), ssm.NewFromConfig(config)}
}

// Errors that are wrapped if the resource does not exist.
var (
	ErrNoKeyGroup  = errors.New("CloudFront has no such key group")
	ErrNoPublicKey = errors.New("CloudFront has no such public key")
	ErrNoParameter = errors.New("the parameter does not exist")
)

// CallError reports a call that AWS refused, or that did not reach AWS.
type CallError struct {
	Action   string // the IAM action, such as cloudfront:GetKeyGroup
	Resource string // the requested id or name, described by signer.Describe if it may be a key
	Err      error  // the SDK's error, which may quote the request and the response
}

// Error returns the action, the resource and the error code, without the text of
// the SDK's error.
func (e *CallError) Error() string {
	var answer smithy.APIError
	if errors.As(e.Err, &answer) {
		return fmt.Sprintf("%s on %s answered %.100s", e.Action, e.Resource, answer.ErrorCode())
	}
	return fmt.Sprintf("%s on %s: no answer that could be read", e.Action, e.Resource)
}

func (e *CallError) Unwrap() error { return e.Err }

func failed(action, resource string, err error) *CallError {
	if quoted := signer.Describe(resource, signer.FormName); quoted != strconv.Quote(resource) {
		resource = quoted
	}
	return &CallError{action, resource, err}
}

// KeyGroup calls cloudfront:GetKeyGroup. The error is ErrNoKeyGroup if there is no
// key group with that id.
func (r *Reader) KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error) {
	out, err := r.CloudFront.GetKeyGroup(ctx, &cloudfront.GetKeyGroupInput{Id: &id})
	switch {
	case is(err, "NoSuchResource"):
		return rotation.KeyGroup{}, fmt.Errorf("%w: %w", ErrNoKeyGroup, failed("cloudfront:GetKeyGroup", id, err))
	case err != nil:
		return rotation.KeyGroup{}, failed("cloudfront:GetKeyGroup", id, err)
	case out.KeyGroup == nil || out.KeyGroup.KeyGroupConfig == nil:
		return rotation.KeyGroup{}, fmt.Errorf("cloudfront:GetKeyGroup on %s returned no key group", signer.Describe(id, signer.FormName))
	}
	return rotation.KeyGroup{Members: out.KeyGroup.KeyGroupConfig.Items, Modified: aws.ToTime(out.KeyGroup.LastModifiedTime)}, nil
}

// PublicKey is a public key in CloudFront.
type PublicKey struct {
	CallerReference string // with the number of the key, if a stack made it
	Created         time.Time
	PEM             string // the key, as it was created
}

// PublicKey calls cloudfront:GetPublicKey. The error is ErrNoPublicKey if there is
// no key with that id.
func (r *Reader) PublicKey(ctx context.Context, id string) (PublicKey, error) {
	out, err := r.CloudFront.GetPublicKey(ctx, &cloudfront.GetPublicKeyInput{Id: &id})
	switch {
	case is(err, "NoSuchPublicKey"):
		return PublicKey{}, fmt.Errorf("%w: %s", ErrNoPublicKey, signer.Describe(id, signer.FormID))
	case err != nil:
		return PublicKey{}, failed("cloudfront:GetPublicKey", id, err)
	case out.PublicKey == nil || out.PublicKey.PublicKeyConfig == nil:
		return PublicKey{}, fmt.Errorf("cloudfront:GetPublicKey on %s returned no public key", signer.Describe(id, signer.FormID))
	}
	return PublicKey{
		CallerReference: aws.ToString(out.PublicKey.PublicKeyConfig.CallerReference),
		Created:         aws.ToTime(out.PublicKey.CreatedTime),
		PEM:             aws.ToString(out.PublicKey.PublicKeyConfig.EncodedKey),
	}, nil
}

// History calls ssm:GetParameterHistory for a parameter that holds deployment
// documents. A version that is not a valid document has a nil Document. The error
// is ErrNoParameter if the parameter does not exist.
func (r *Reader) History(ctx context.Context, name string) (versions []rotation.Version, err error) {
	pages := ssm.NewGetParameterHistoryPaginator(r.SSM, &ssm.GetParameterHistoryInput{Name: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		switch {
		case is(err, "ParameterNotFound"):
			return nil, fmt.Errorf("%w: %s", ErrNoParameter, signer.Describe(name, signer.FormName))
		case err != nil:
			return nil, failed("ssm:GetParameterHistory", name, err)
		}
		for _, v := range page.Parameters {
			document, _ := signer.ParseDeployment([]byte(aws.ToString(v.Value))) // nil if it is not valid
			versions = append(versions, rotation.Version{Number: v.Version, Modified: aws.ToTime(v.LastModifiedDate), Document: document})
		}
	}
	return versions, nil
}

// Trusting calls cloudfront:ListDistributionsByKeyGroup and returns the ids of the
// distributions that trust a key group.
func (r *Reader) Trusting(ctx context.Context, keyGroupID string) (distributions []string, err error) {
	in := &cloudfront.ListDistributionsByKeyGroupInput{KeyGroupId: &keyGroupID}
	for {
		out, err := r.CloudFront.ListDistributionsByKeyGroup(ctx, in)
		if err != nil {
			return nil, failed("cloudfront:ListDistributionsByKeyGroup", keyGroupID, err)
		}
		list := out.DistributionIdList
		if list == nil {
			return nil, fmt.Errorf("cloudfront:ListDistributionsByKeyGroup on %s returned no list", signer.Describe(keyGroupID, signer.FormName))
		}
		distributions = append(distributions, list.Items...)
		if !aws.ToBool(list.IsTruncated) {
			return distributions, nil
		}
		if aws.ToString(list.NextMarker) == "" || aws.ToString(list.NextMarker) == aws.ToString(in.Marker) {
			return nil, fmt.Errorf("cloudfront:ListDistributionsByKeyGroup on %s returned a truncated list without the marker of the next page", signer.Describe(keyGroupID, signer.FormName))
		}
		in.Marker = list.NextMarker
	}
}

// is reports whether err is AWS's error with this code.
func is(err error, code string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == code
}
