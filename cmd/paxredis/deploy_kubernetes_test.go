package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The types below are what the manifests of deploy/kubernetes use of Kubernetes' own, so that a key that is misspelt or in a wrong
// place is an error.
type (
	labels map[string]string

	objectHead struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   struct {
			Name   string `yaml:"name"`
			Labels labels `yaml:"labels"`
		} `yaml:"metadata"`
	}

	selector struct {
		MatchLabels labels `yaml:"matchLabels"`
	}

	configMap struct {
		objectHead `yaml:",inline"`
		Data       map[string]string `yaml:"data"`
	}

	service struct {
		objectHead `yaml:",inline"`
		Spec       struct {
			ClusterIP                string `yaml:"clusterIP"`
			PublishNotReadyAddresses bool   `yaml:"publishNotReadyAddresses"`
			Selector                 labels `yaml:"selector"`
			Ports                    []struct {
				Name       string `yaml:"name"`
				Port       uint16 `yaml:"port"`
				TargetPort string `yaml:"targetPort"`
			} `yaml:"ports"`
		} `yaml:"spec"`
	}

	disruptionBudget struct {
		objectHead `yaml:",inline"`
		Spec       struct {
			MaxUnavailable int      `yaml:"maxUnavailable"`
			Selector       selector `yaml:"selector"`
		} `yaml:"spec"`
	}

	networkPolicy struct {
		objectHead `yaml:",inline"`
		Spec       struct {
			PodSelector selector `yaml:"podSelector"`
			PolicyTypes []string `yaml:"policyTypes"`
			Ingress     []struct {
				From []struct {
					PodSelector selector `yaml:"podSelector"`
				} `yaml:"from"`
				Ports []struct {
					Port string `yaml:"port"`
				} `yaml:"ports"`
			} `yaml:"ingress"`
		} `yaml:"spec"`
	}

	statefulSet struct {
		objectHead `yaml:",inline"`
		Spec       struct {
			ServiceName          string            `yaml:"serviceName"`
			Replicas             int               `yaml:"replicas"`
			PodManagementPolicy  string            `yaml:"podManagementPolicy"`
			UpdateStrategy       map[string]string `yaml:"updateStrategy"`
			MinReadySeconds      int               `yaml:"minReadySeconds"`
			RetentionPolicy      map[string]string `yaml:"persistentVolumeClaimRetentionPolicy"`
			Selector             selector          `yaml:"selector"`
			Template             podTemplate       `yaml:"template"`
			VolumeClaimTemplates []struct {
				Metadata struct {
					Name string `yaml:"name"`
				} `yaml:"metadata"`
				Spec struct {
					AccessModes []string  `yaml:"accessModes"`
					Resources   resources `yaml:"resources"`
				} `yaml:"spec"`
			} `yaml:"volumeClaimTemplates"`
		} `yaml:"spec"`
	}

	podTemplate struct {
		Metadata struct {
			Labels labels `yaml:"labels"`
		} `yaml:"metadata"`
		Spec struct {
			AutomountServiceAccountToken bool `yaml:"automountServiceAccountToken"`
			Grace                        int  `yaml:"terminationGracePeriodSeconds"`
			SecurityContext              struct {
				RunAsNonRoot        bool              `yaml:"runAsNonRoot"`
				RunAsUser           int               `yaml:"runAsUser"`
				RunAsGroup          int               `yaml:"runAsGroup"`
				FSGroup             int               `yaml:"fsGroup"`
				FSGroupChangePolicy string            `yaml:"fsGroupChangePolicy"`
				SeccompProfile      map[string]string `yaml:"seccompProfile"`
			} `yaml:"securityContext"`
			Affinity struct {
				PodAntiAffinity struct {
					Required []struct {
						TopologyKey   string   `yaml:"topologyKey"`
						LabelSelector selector `yaml:"labelSelector"`
					} `yaml:"requiredDuringSchedulingIgnoredDuringExecution"`
				} `yaml:"podAntiAffinity"`
			} `yaml:"affinity"`
			Spread []struct {
				MaxSkew           int      `yaml:"maxSkew"`
				TopologyKey       string   `yaml:"topologyKey"`
				WhenUnsatisfiable string   `yaml:"whenUnsatisfiable"`
				LabelSelector     selector `yaml:"labelSelector"`
			} `yaml:"topologySpreadConstraints"`
			Containers []container `yaml:"containers"`
		} `yaml:"spec"`
	}

	container struct {
		Name    string   `yaml:"name"`
		Image   string   `yaml:"image"`
		Args    []string `yaml:"args"`
		EnvFrom []struct {
			ConfigMapRef struct {
				Name string `yaml:"name"`
			} `yaml:"configMapRef"`
		} `yaml:"envFrom"`
		Env []struct {
			Name      string `yaml:"name"`
			ValueFrom struct {
				FieldRef struct {
					FieldPath string `yaml:"fieldPath"`
				} `yaml:"fieldRef"`
				SecretKeyRef struct {
					Name     string `yaml:"name"`
					Key      string `yaml:"key"`
					Optional bool   `yaml:"optional"`
				} `yaml:"secretKeyRef"`
			} `yaml:"valueFrom"`
		} `yaml:"env"`
		Ports []struct {
			Name          string `yaml:"name"`
			ContainerPort uint16 `yaml:"containerPort"`
		} `yaml:"ports"`
		StartupProbe    probe     `yaml:"startupProbe"`
		LivenessProbe   probe     `yaml:"livenessProbe"`
		ReadinessProbe  probe     `yaml:"readinessProbe"`
		Resources       resources `yaml:"resources"`
		SecurityContext struct {
			AllowPrivilegeEscalation bool                `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool                `yaml:"readOnlyRootFilesystem"`
			Capabilities             map[string][]string `yaml:"capabilities"`
		} `yaml:"securityContext"`
		VolumeMounts []struct {
			Name      string `yaml:"name"`
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}

	probe struct {
		HTTPGet struct {
			Path string `yaml:"path"`
			Port string `yaml:"port"`
		} `yaml:"httpGet"`
		PeriodSeconds    int `yaml:"periodSeconds"`
		TimeoutSeconds   int `yaml:"timeoutSeconds"`
		FailureThreshold int `yaml:"failureThreshold"`
	}

	resources struct {
		Requests map[string]string `yaml:"requests"`
		Limits   map[string]string `yaml:"limits"`
	}
)

// manifests are deploy/kubernetes/paxredis.yaml.
type manifests struct {
	services map[string]*service
	budget   disruptionBudget
	policy   networkPolicy
	set      statefulSet
}

func readManifests(t *testing.T) *manifests {
	t.Helper()
	m := &manifests{services: map[string]*service{}}
	var all []*service
	decode(t, "kubernetes/paxredis.yaml", func(kind string) any {
		switch kind {
		case "Service":
			all = append(all, &service{})
			return all[len(all)-1]
		case "PodDisruptionBudget":
			return &m.budget
		case "NetworkPolicy":
			return &m.policy
		case "StatefulSet":
			return &m.set
		}
		return nil
	})
	for _, s := range all {
		m.services[s.Metadata.Name] = s
	}
	return m
}

func members(t *testing.T, file string) configMap {
	t.Helper()
	var c configMap
	decode(t, file, func(kind string) any {
		if kind != "ConfigMap" {
			return nil
		}
		return &c
	})
	return c
}

var reference = regexp.MustCompile(`\$\([A-Z_]+\)`)

// orchestrated reads deploy/kubernetes: what each pod of the set is started with.
func orchestrated(t *testing.T) deployment {
	t.Helper()
	m := readManifests(t)
	c := m.set.Spec.Template.Spec.Containers[0]
	pods := func(file string) (all []started) {
		settings := members(t, file)
		if settings.Metadata.Name != c.EnvFrom[0].ConfigMapRef.Name {
			t.Fatalf("%s is %s, and the pods want %s", file, settings.Metadata.Name, c.EnvFrom[0].ConfigMapRef.Name)
		}
		for i := range m.set.Spec.Replicas {
			pod := started{name: fmt.Sprintf("%s-%d", m.set.Metadata.Name, i), environment: imageEnvironment(t, settings.Data)}
			variables := map[string]string{}
			for _, v := range c.Env {
				switch from := v.ValueFrom; {
				case from.FieldRef.FieldPath == "metadata.name":
					variables[v.Name] = pod.name
				case from.FieldRef.FieldPath == "metadata.namespace":
					variables[v.Name] = "default"
				case from.SecretKeyRef.Optional: // there is none
					if v.Name != dataKeyVariable {
						t.Errorf("%s may be missing", v.Name)
					}
					continue
				case from.SecretKeyRef.Key != "":
					variables[v.Name] = clusterKeyText
				default:
					t.Fatalf("%s has no value", v.Name)
				}
				pod.environment[v.Name] = variables[v.Name]
			}
			for _, arg := range c.Args {
				pod.args = append(pod.args, reference.ReplaceAllStringFunc(arg, func(name string) string { return variables[strings.Trim(name, "$()")] }))
			}
			all = append(all, pod)
		}
		return all
	}
	return deployment{founding: pods("kubernetes/founding.yaml"), running: pods("kubernetes/running.yaml")}
}

// What refers to something else in the manifests finds it, and the rules that keep a majority are there.
func TestManifestsBelongTogether(t *testing.T) {
	m := readManifests(t)
	pod := m.set.Spec.Template
	c := pod.Spec.Containers[0]
	label := pod.Metadata.Labels["app.kubernetes.io/name"]
	selectors := []labels{m.set.Spec.Selector.MatchLabels, m.budget.Spec.Selector.MatchLabels, m.policy.Spec.PodSelector.MatchLabels,
		pod.Spec.Affinity.PodAntiAffinity.Required[0].LabelSelector.MatchLabels, pod.Spec.Spread[0].LabelSelector.MatchLabels}
	for _, s := range m.services {
		selectors = append(selectors, s.Spec.Selector)
	}
	for i, s := range selectors {
		if len(s) != 1 || s["app.kubernetes.io/name"] != label {
			t.Errorf("selector %d, %v, does not find the pods", i, s)
		}
	}
	ports := map[string]uint16{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
		if !strings.HasSuffix(flagOf(c.Args, map[string]string{"clients": "--listen", "peers": "--peer-listen", "http": "--http-listen"}[p.Name]), fmt.Sprint(":", p.ContainerPort)) {
			t.Errorf("the node does not listen on port %s, %d", p.Name, p.ContainerPort)
		}
	}
	for name, s := range m.services {
		for _, p := range s.Spec.Ports {
			if ports[p.TargetPort] != p.Port {
				t.Errorf("service %s: port %d goes to %d", name, p.Port, ports[p.TargetPort])
			}
		}
	}
	for path, p := range map[string][]probe{"/healthz": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
		for _, p := range p {
			if p.HTTPGet.Path != path || ports[p.HTTPGet.Port] == 0 {
				t.Errorf("a probe asks %v, not %s", p.HTTPGet, path)
			}
		}
	}
	peers := m.services[m.set.Spec.ServiceName]
	if peers == nil || peers.Spec.ClusterIP != "None" || !peers.Spec.PublishNotReadyAddresses {
		t.Errorf("nodes do not find each other before they are ready: %+v", peers)
	}
	if m.budget.Spec.MaxUnavailable != (m.set.Spec.Replicas-1)/2 || m.set.Spec.PodManagementPolicy != "Parallel" || m.set.Spec.RetentionPolicy["whenScaled"] != "Retain" {
		t.Error("the majority is not kept, never comes about, or its votes are thrown away")
	}
	if len(c.VolumeMounts) != 1 || !strings.HasPrefix(flagOf(c.Args, "--data-dir"), c.VolumeMounts[0].MountPath+"/") ||
		c.VolumeMounts[0].Name != m.set.Spec.VolumeClaimTemplates[0].Metadata.Name {
		t.Errorf("the data is not on the volume: %+v", c.VolumeMounts)
	}
	if s := pod.Spec.SecurityContext; !s.RunAsNonRoot || s.RunAsUser != 65532 || c.SecurityContext.AllowPrivilegeEscalation || !c.SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the pods have rights that they do not need")
	}
}
