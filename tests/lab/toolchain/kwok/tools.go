//go:build tools

// Package kwok pins KWOK; the binary is built straight from the module.
package kwok

import _ "sigs.k8s.io/kwok/cmd/kwok"
