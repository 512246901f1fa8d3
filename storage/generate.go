package storage

//go:generate protoc -I internal/format --go_out=internal/format --go_opt=paths=source_relative --go-vtproto_out=internal/format --go-vtproto_opt=paths=source_relative,features=marshal+unmarshal+size format.proto
