// Package store has functions that take text in the ways of Go.
package store

import (
	"context"
	"io"
	"net/http"
	"time"
)

type Word string

type Options struct {
	Now   func() time.Time
	Inner *Inner
}

type Inner struct{ Names map[string]int }

type Count struct{ N int }

type Store struct{ name string }

type Error struct{ Found string }

func (e *Error) Error() string { return e.Found }

func String(s string)                    {}
func Bytes(b []byte)                     {}
func Named(ctx context.Context, w Word)  {}
func Several(words ...Word)              {}
func InOptions(o *Options)               {}
func Anything(v any)                     {}
func Reader(r io.Reader)                 {}
func Request(r *http.Request)            {}
func Generic[T ~string](n int, text []T) {}
func Nothing(ctx context.Context, n int) {}
func Number(c Count, at time.Time)       {}
func Function(f func(string) string)     {}
func (s *Store) Open(file string)        {}
func (s *Store) Close()                  {}
func (o *Options) Validate() error       { return nil }
func (c *Count) Add(n int)               {}
func (s *Store) hidden(text string)      {}
func hidden(text string)                 {}
func (i Inner) Len() int                 { return len(i.Names) }
func (e *Error) Is(target error) bool    { return false }
