package main

// ignoreTerminalReads has nothing to do: Windows stops no program that reads.
func ignoreTerminalReads() {}
