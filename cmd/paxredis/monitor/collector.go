package monitor

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The bounds of /metrics.
const (
	maxScrapes    = 4 // at a time
	scrapeTimeout = 10 * time.Second
)

// collector reads a node's counts when Prometheus asks. Nothing is counted for it elsewhere but what others count for themselves.
type collector struct {
	monitor *Monitor
	info    *prometheus.Desc
	metrics []metric
}

func newCollector(m *Monitor) *collector {
	c := &collector{monitor: m, metrics: slices.Clone(metrics),
		info: prometheus.NewDesc(namespace+"info", "1, with what this node is.", infoLabels, nil)}
	for i := range c.metrics {
		e := &c.metrics[i]
		e.desc = prometheus.NewDesc(namespace+e.name, e.help, e.labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.info
	for i := range c.metrics {
		out <- c.metrics[i].desc
	}
}

// Collect implements prometheus.Collector. A node that starts has nothing to tell yet.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	p := c.monitor.parts.Load()
	if p == nil {
		return
	}
	s, freeKnown := p.scrape()
	s.ready = len(c.monitor.NotReady()) == 0
	out <- prometheus.MustNewConstMetric(c.info, prometheus.GaugeValue, 1, s.infoValues(c.monitor.version, p.ClusterUUID)...)
	for i := range c.metrics {
		m := &c.metrics[i]
		if m.name == "disk_free_bytes" && !freeKnown {
			continue
		}
		for _, e := range m.read(s) {
			out <- m.value(e)
		}
	}
}

// value makes a sample what the library knows. A label that it does not take fails the scrape, and nothing else.
func (m *metric) value(e sample) prometheus.Metric {
	var made prometheus.Metric
	var err error
	if e.counts != nil {
		total, sum, upTo := m.scale.buckets(e.counts)
		made, err = prometheus.NewConstHistogram(m.desc, total, sum, upTo, e.labels...)
	} else {
		made, err = prometheus.NewConstMetric(m.desc, m.kind, e.value, e.labels...)
	}
	if err != nil {
		return prometheus.NewInvalidMetric(m.desc, err)
	}
	return made
}

// scrape reads a node.
func (p *Parts) scrape() (s *scrape, freeKnown bool) {
	s = &scrape{group: p.Group.Status(), figures: p.Group.Figures(), checkpoint: p.Group.CheckpointStatus(), info: p.Clients.Info(), clients: p.Clients.Figures()}
	if p.Links != nil {
		s.links = p.Links()
	}
	if p.Spans != nil {
		s.spans = p.Spans()
	}
	var err error
	s.freeDisk, err = p.FreeDisk()
	return s, err == nil
}

// metricsHandler answers /metrics.
func metricsHandler(m *Monitor) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(m), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout, EnableOpenMetrics: true})
}
