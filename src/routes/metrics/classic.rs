//! The format that was before OpenMetrics (Prometheus text format 0.0.4), made from it: the samples are the same, what
//! stands above them differs.

/// The classic form of `exposed`, in which each family has its `HELP` right before its `TYPE`.
pub(super) fn from_openmetrics(exposed: &str) -> String {
    let mut text = String::with_capacity(exposed.len());
    let mut help = None;
    for line in exposed.lines() {
        if line.starts_with("# HELP ") {
            help = line.splitn(4, ' ').nth(3);
        } else if let Some((name, kind)) = type_of(line) {
            // A family is called as its samples are.
            let (ending, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                _ => ("", kind),
            };
            if let Some(help) = help.take() {
                text.push_str(&format!("# HELP {name}{ending} {help}\n"));
            }
            text.push_str(&format!("# TYPE {name}{ending} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn type_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_the_same_and_families_are_called_as_they_are() {
        let open = "# HELP a_seconds How long it took\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                    a_seconds_total{topic=\"x\"} 1.5\n# HELP b B\n# TYPE b gauge\nb 2\n# HELP c C\n# TYPE c info\n\
                    c_info{version=\"1\"} 1\n# EOF\n";
        let classic = "# HELP a_seconds_total How long it took\n# TYPE a_seconds_total counter\n\
                       a_seconds_total{topic=\"x\"} 1.5\n# HELP b B\n# TYPE b gauge\nb 2\n# HELP c_info C\n\
                       # TYPE c_info gauge\nc_info{version=\"1\"} 1\n";
        assert_eq!(from_openmetrics(open), classic);
    }
}
