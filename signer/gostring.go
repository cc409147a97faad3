package signer

// GoString is Error. The verb %#v would otherwise print the fields, which hold the
// caller's URLs.
func (e *CoverageError) GoString() string { return e.Error() }
