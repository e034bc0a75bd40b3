package awshttp_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
)

// QUO-006: each address and each pool has a rate of its own.
func TestH6_RateLimits(t *testing.T) {
	t.Parallel()
	now := noon
	l, err := awshttp.NewRateLimits(awshttp.RateConfig{
		PerAddress: awshttp.Rate{PerSecond: 1, Burst: 2}, PerPool: awshttp.Rate{PerSecond: 1, Burst: 3},
		Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	arrive := func(addr string) error {
		a, _ := netip.ParseAddr(addr)
		return l.Arrive(context.Background(), nil, a)
	}
	for _, addr := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", ""} {
		require.NoError(t, arrive(addr))
		require.NoError(t, arrive(addr))
		err := arrive(addr)
		require.ErrorIs(t, err, awsapi.ErrTooManyRequests)
		require.Equal(t, "Rate exceeded", awsapi.AsError(err).Message)
	}
	require.Error(t, arrive("2001:db8::2"), "the same /64")
	now = now.Add(time.Second)
	require.NoError(t, arrive("192.0.2.1"))
	require.Error(t, arrive("192.0.2.1"))

	for range 3 {
		require.NoError(t, l.Call(context.Background(), &awsapi.Call{Resource: "a"}))
	}
	require.Error(t, l.Call(context.Background(), &awsapi.Call{Resource: "a"}))
	require.NoError(t, l.Call(context.Background(), &awsapi.Call{Resource: "b"}))
	for range 9 {
		require.NoError(t, l.Call(context.Background(), &awsapi.Call{}))
	}
}

// M8: the memory is bounded. Addresses that have been quiet are forgotten before those that are busy.
func TestM8_RateLimitsForget(t *testing.T) {
	t.Parallel()
	now := noon
	l, err := awshttp.NewRateLimits(awshttp.RateConfig{
		PerAddress: awshttp.Rate{PerSecond: 1, Burst: 1}, MaxKeys: 8, Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	arrive := func(i int) error {
		return l.Arrive(context.Background(), nil, netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", i)))
	}
	for i := range 7 {
		require.NoError(t, arrive(i))
	}
	now = now.Add(2 * time.Second)
	require.NoError(t, arrive(100))
	require.NoError(t, arrive(101)) // the ninth
	require.Error(t, arrive(100))

	for i := range 250 {
		_ = arrive(i)
	}
	refused := 0
	for i := range 250 {
		if arrive(i) != nil {
			refused++
		}
	}
	require.LessOrEqual(t, refused, 8, "so many were remembered")
}

func TestRateConfig(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]awshttp.RateConfig{
		"PerAddress": {PerAddress: awshttp.Rate{PerSecond: 1}},
		"PerPool":    {PerPool: awshttp.Rate{PerSecond: -1, Burst: 1}},
		"MaxKeys":    {MaxKeys: -1},
	} {
		_, err := awshttp.NewRateLimits(cfg)
		require.ErrorContains(t, err, "RateConfig."+field)
	}
	l, err := awshttp.NewRateLimits(awshttp.RateConfig{})
	require.NoError(t, err)
	for range 1000 {
		require.NoError(t, l.Arrive(context.Background(), nil, netip.Addr{}))
	}
}
