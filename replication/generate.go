package replication

//go:generate protoc --proto_path=. --go_out=internal/wire --go_opt=paths=source_relative --go-vtproto_out=internal/wire --go-vtproto_opt=paths=source_relative,features=marshal+unmarshal+unmarshal_unsafe+size batch.proto asks.proto checkpoint.proto
