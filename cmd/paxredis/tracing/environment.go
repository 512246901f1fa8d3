package tracing

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
)

// The standard variables of OpenTelemetry that count here. What is sent where, and of which writes, comes from the settings alone.
const (
	headersVariable  = "OTEL_EXPORTER_OTLP_HEADERS"
	resourceVariable = "OTEL_RESOURCE_ATTRIBUTES"
	serviceVariable  = "OTEL_SERVICE_NAME"
)

// pairsOf reads a variable of the form "name=value,name=value", with %XX in values. Errors do not show values, which may be secret.
func pairsOf(variable string) (map[string]string, error) {
	pairs := make(map[string]string)
	for i, part := range strings.Split(os.Getenv(variable), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !found || name == "" {
			return nil, fmt.Errorf("%s: part %d is not of the form name=value", variable, i+1)
		}
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("%s: the value of %q has a %% that is not followed by two hexadecimal digits", variable, name)
		}
		pairs[name] = value
	}
	return pairs, nil
}

// headersOfEnvironment are what a collector wants besides, such as a token.
func headersOfEnvironment() (http.Header, error) {
	pairs, err := pairsOf(headersVariable)
	if err != nil {
		return nil, err
	}
	header := make(http.Header)
	for name, value := range pairs {
		if strings.ContainsFunc(name, isNotOfHeaderName) || strings.ContainsFunc(value, unicode.IsControl) {
			return nil, fmt.Errorf("%s: %q is no header, or its value cannot be one's", headersVariable, name)
		}
		header.Set(name, value)
	}
	return header, nil
}

// isNotOfHeaderName is so of what no header's name has: all but RFC 9110's token characters.
func isNotOfHeaderName(r rune) bool {
	return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// about is what all spans have in common: which node they are of. What the environment says comes before it.
func about(c Config) ([]*common.KeyValue, error) {
	all := map[string]string{"service.name": "paxredis", "service.version": c.Version, "service.instance.id": c.NodeUUID, "paxredis.cluster": c.Cluster,
		"paxredis.node": strconv.FormatUint(c.Node, 10)}
	given, err := pairsOf(resourceVariable)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, given)
	if name := os.Getenv(serviceVariable); name != "" {
		all["service.name"] = name
	}
	attributes := make([]*common.KeyValue, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		attributes = append(attributes, text(strings.ToValidUTF8(key, "\uFFFD"), all[key]))
	}
	return attributes, nil
}

// CheckEndpoint says what is wrong with the URL of a collector.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return err
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return errors.New("it is not http://host:port or https://host:port")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("only scheme, host, port and path can be given: what a collector wants besides is for " + headersVariable)
	}
	return nil
}
