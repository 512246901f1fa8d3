package history

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// NewClient returns a client of one node that fits a workload: it never repeats a command, and gives a command up as unknown
// after timeout. The caller closes it.
func NewClient(address string, timeout time.Duration) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     address,
		PoolSize:                 1 << 16, // after that many failed dials go-redis would answer from memory for a second
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              timeout,
		ReadTimeout:              timeout,
		WriteTimeout:             timeout,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
