//go:build tools

// Package etcd pins the store behind the API server; the binary is built straight from the module.
package etcd

import _ "go.etcd.io/etcd/server/v3"
