# Made by mailward --describe: change the tables, not this file.
complete -c mailward -f
complete -c mailward -s c -d 'run the commands of LINE; their dialogues read standard input' -x -a 'addressconfig adminaccessconfig alertconfig antispamconfig antispamstatus antispamupdate archivemessage bouncerecipients certconfig clearchanges clusterconfig clustermode commit commitdetail config deleterecipients delivernow deliveryconfig displayalerts exit featurekey featurekeyconfig graymailstatus graymailupdate grep help hoststatus imsandgraymailconfig incomingrelayconfig last learning learningconfig listenerconfig loadconfig logconfig mailconfig oldmessage passphrase policyconfig portalregistrationconfig rate removemessage resetconfig resetcounters resume resumedel resumelistener rollbackconfig rollovernow saveconfig sethostname setttymode showchanges showconfig showmessage showrecipients showsetting smtproutes spamdconfig spamquarantine status suspend suspenddel suspendlistener systemsetup tail tophosts updateconfig updatenow userconfig version who whoami workqueue'
complete -c mailward -s f -d 'run the lines of FILE; - is standard input' -r -F
complete -c mailward -l json -d 'one JSON object for each command and one at the end'
complete -c mailward -l check -d 'check every command, change nothing'
complete -c mailward -l keep-going -d 'do not stop at the first error, but commit nothing after it'
complete -c mailward -l private -d 'the private instance in DIR' -x -a '(__fish_complete_directories)'
complete -c mailward -l state -d 'the daemon whose state folder is DIR' -x -a '(__fish_complete_directories)'
complete -c mailward -l describe -d 'print a manual page (man, settings, or the name of a command), a completion (bash, zsh, fish), or all tables (json)' -x -a 'man settings bash zsh fish json'
complete -c mailward -l help -d 'print this text'
complete -c mailward -l version -d 'print the version'
