package analytics

// AskInParts is Ask on a machine with so many cores.
var AskInParts = ask
