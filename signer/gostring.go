package signer

// GoString is Error. The fields hold URLs of the caller, which the verb %#v
// would show whole.
func (e *CoverageError) GoString() string { return e.Error() }
