//! Converts OpenMetrics to the older Prometheus text format 0.0.4. The samples are identical; only the metadata
//! differs.

/// Converts `openmetrics`. In the text format, the `HELP` line of each family directly precedes its `TYPE` line.
pub(super) fn from_openmetrics(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        if line.starts_with("# HELP ") {
            help = line.splitn(4, ' ').nth(3);
        } else if let Some((name, kind)) = parse_type_line(line) {
            // In the text format, a family has the same name as its samples.
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                _ => ("", kind),
            };
            if let Some(help) = help.take() {
                text.push_str(&format!("# HELP {name}{suffix} {help}\n"));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn parse_type_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_unchanged_and_families_are_named_like_them() {
        let openmetrics = "# HELP a_seconds How long it took\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                    a_seconds_total{topic=\"x\"} 1.5\n# HELP b B\n# TYPE b gauge\nb 2\n# HELP c C\n# TYPE c info\n\
                    c_info{version=\"1\"} 1\n# EOF\n";
        let text = "# HELP a_seconds_total How long it took\n# TYPE a_seconds_total counter\n\
                       a_seconds_total{topic=\"x\"} 1.5\n# HELP b B\n# TYPE b gauge\nb 2\n# HELP c_info C\n\
                       # TYPE c_info gauge\nc_info{version=\"1\"} 1\n";
        assert_eq!(from_openmetrics(openmetrics), text);
    }
}
