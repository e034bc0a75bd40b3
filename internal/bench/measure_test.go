package bench_test

import (
	"slices"
	"time"
)

// A work does something n times and returns what the measured part of it cost on some clock. What has to be prepared, the
// client's arithmetic for example, it leaves out.
type work func(n int) (time.Duration, error)

// on measures all of what do does, n times.
func on(clock clock, do func(i int) error) work {
	next := 0
	return func(n int) (time.Duration, error) {
		began := clock()
		for range n {
			if err := do(next); err != nil {
				return 0, err
			}
			next++
		}
		return clock() - began, nil
	}
}

// sum is one of each.
func sum(parts ...work) work {
	return func(n int) (time.Duration, error) {
		var total time.Duration
		for _, part := range parts {
			d, err := part(n)
			if err != nil {
				return 0, err
			}
			total += d
		}
		return total, nil
	}
}

// comparison is the median cost of one operation of ours and of the floor, and the median of the rounds' ratios.
type comparison struct {
	ours, floor time.Duration
	ratio       float64
}

// compare measures both in turns, so that whatever else the machine does meets them alike.
func compare(o options, ours, floor work) (comparison, error) {
	all, err := compareAll(o, [2]work{ours, floor})
	if err != nil {
		return comparison{}, err
	}
	return all[0], nil
}

// compareAll measures several pairs, each of ours and its floor, in turns.
func compareAll(o options, pairs ...[2]work) ([]comparison, error) {
	n := make([][2]int, len(pairs))
	for i, pair := range pairs {
		for j, side := range pair {
			var err error
			if n[i][j], err = calibrate(o, side); err != nil {
				return nil, err
			}
		}
	}
	costs, ratios := make([][2][]time.Duration, len(pairs)), make([][]float64, len(pairs))
	for range o.rounds {
		for i, pair := range pairs {
			var cost [2]float64
			for _, j := range []int{1, 0} {
				d, err := pair[j](n[i][j])
				if err != nil {
					return nil, err
				}
				d = max(d, 1)
				cost[j] = float64(d) / float64(n[i][j])
				costs[i][j] = append(costs[i][j], d/time.Duration(n[i][j]))
			}
			ratios[i] = append(ratios[i], cost[0]/cost[1])
		}
	}
	out := make([]comparison, len(pairs))
	for i := range pairs {
		out[i] = comparison{ours: median(costs[i][0]), floor: median(costs[i][1]), ratio: median(ratios[i])}
	}
	return out, nil
}

// single measures one work by itself and returns the median cost of one operation.
func single(o options, w work) (time.Duration, error) {
	n, err := calibrate(o, w)
	if err != nil {
		return 0, err
	}
	var costs []time.Duration
	for range o.rounds {
		d, err := w(n)
		if err != nil {
			return 0, err
		}
		costs = append(costs, d/time.Duration(n))
	}
	return median(costs), nil
}

// calibrate returns how often the work has to be done to fill a block. It warms everything up on its way.
func calibrate(o options, w work) (int, error) {
	want := time.Duration(o.block * float64(time.Millisecond))
	for n := 1; ; n *= 2 {
		d, err := w(n)
		if err != nil {
			return 0, err
		}
		if d >= want/2 || n >= 1<<20 {
			return max(1, int(float64(n)*float64(want)/float64(max(d, 1)))), nil
		}
	}
}

func median[T int64 | float64 | time.Duration](v []T) T {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
