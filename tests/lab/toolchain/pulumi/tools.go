//go:build tools

// Package pulumi pins the Pulumi CLI; the binary is built straight from the module.
package pulumi

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
