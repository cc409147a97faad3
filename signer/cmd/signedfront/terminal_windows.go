package main

// ignoreTerminalReads does nothing: Windows stops no program that reads.
func ignoreTerminalReads() {}
