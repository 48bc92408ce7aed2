package main

import "slices"

// ratio is what one part costs in comparison with another.
type ratio struct {
	name      string
	must, aim string // as people read them
	bound     float64
	least     bool // the bound is a least, else a most
	of, by    string
	perRecord bool
}

var wanted = []ratio{
	{name: "first / bare", must: "8", aim: "6.5", bound: 8, of: "first", by: "bare"},
	{name: "first / floor", must: "1.6", aim: "1.2", bound: 1.6, of: "first", by: "floor"},
	{name: "expert / first", must: "2", aim: "4", bound: 2, least: true, of: "expert", by: "first"},
	{name: "again / first", must: "0.20", aim: "0.10", bound: 0.2, of: "again", by: "first"},
	{name: "1 % / first", must: "0.25", aim: "0.12", bound: 0.25, of: "1 %", by: "first"},
	{name: "beside, per record / first, per record", must: "2.0", aim: "1.3", bound: 2, of: "beside", by: "first", perRecord: true},
	{name: "reread / first", of: "reread", by: "first"},
	{name: "row by row / first", of: "row by row", by: "first"},
	{name: "plan / first", of: "plan", by: "first"},
	{name: "verify / first", of: "verify", by: "first"},
	{name: "undo of the first / first", of: "undo first", by: "first"},
	{name: "undo of the 1 % / 1 %", of: "undo 1 %", by: "1 %"},
}

// ratios compares the parts round by round.
func ratios(samples map[string][]sample, scaled *sample) []ratioReport {
	var list []ratioReport
	for _, q := range wanted {
		var all, cpu []float64
		of, by := samples[q.of], samples[q.by]
		for i := range min(len(of), len(by)) {
			per := 1.0
			if q.perRecord {
				per = float64(by[i].Records) / float64(of[i].Records)
			}
			all = append(all, per*of[i].Wall/by[i].Wall)
			if c := by[i].cpu(); c > 0 {
				cpu = append(cpu, per*of[i].cpu()/c)
			}
		}
		r := judged(ratioReport{Name: q.name, Must: q.must, Aim: q.aim}, all, q.bound, q.least)
		if len(cpu) > 0 {
			v := middle(cpu)
			r.CPU = &v
		}
		list = append(list, r)
	}
	first := samples["first"]
	growth := ratioReport{Name: "time at 10 times the records / time", Must: "11", Aim: "10"}
	if scaled != nil && len(first) > 0 {
		times := float64(scaled.Records) / float64(first[0].Records)
		v := scaled.Wall / median(first, func(m sample) float64 { return m.Wall }) * 10 / times
		growth = judged(growth, []float64{v}, 11, false)
		if c := median(first, sample.cpu); c > 0 {
			v := scaled.cpu() / c * 10 / times
			growth.CPU = &v
		}
		list = append(list, growth)
	} else {
		list = append(list, growth)
	}
	peaks := values(first, func(m sample) float64 { return float64(m.Peak >> 20) })
	if scaled != nil {
		peaks = append(peaks, float64(scaled.Peak>>20))
	}
	if len(peaks) > 0 { // memory is a bound: of all sizes and rounds, the most
		peaks = []float64{slices.Max(peaks)}
	}
	return append(list, judged(ratioReport{Name: "importer's peak memory", Must: "256 MB", Aim: "128 MB", Unit: " MB"}, peaks, 256, false))
}

// judged fills in what was measured. A bound of 0 is none.
func judged(r ratioReport, all []float64, bound float64, least bool) ratioReport {
	if len(all) == 0 {
		return r
	}
	value, low, high := middle(all), slices.Min(all), slices.Max(all)
	r.Value, r.Min, r.Max = &value, &low, &high
	if bound > 0 {
		met := value <= bound
		if least {
			met = value >= bound
		}
		r.Met = &met
	}
	return r
}
