package awsrotation_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

// This pipeline prints when the next step of a rotation is safe.
func Example() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	r := awsrotation.New(cfg)
	o := rotation.Observation{Now: time.Now()} // before the first read
	if o.KeyGroup, err = r.KeyGroup(ctx, "a1b2c3d4-5678-90ab-cdef-111122223333"); err != nil {
		log.Fatal(err)
	}
	if o.History, err = r.History(ctx, "/signedfront/media/dev"); err != nil {
		log.Fatal(err)
	}
	for _, id := range o.KeyGroup.Members {
		key, err := r.PublicKey(ctx, id)
		if err != nil {
			log.Fatal(err)
		}
		o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: id, Created: key.Created})
	}
	fmt.Println("the next step is safe from", rotation.Assess(o).Next)
}
