# Made by mailward --describe: change the tables, not this file.
_mailward() {
    local word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD-1]} in
    --private|--state) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    -f) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    -c) mapfile -t COMPREPLY < <(compgen -W 'addressconfig adminaccessconfig alertconfig antispamconfig antispamstatus antispamupdate archivemessage bouncerecipients certconfig clearchanges clusterconfig clustermode commit commitdetail config deleterecipients delivernow deliveryconfig displayalerts exit featurekey featurekeyconfig graymailstatus graymailupdate grep help hoststatus imsandgraymailconfig incomingrelayconfig last learning learningconfig listenerconfig loadconfig logconfig mailconfig oldmessage passphrase policyconfig portalregistrationconfig rate removemessage resetconfig resetcounters resume resumedel resumelistener rollbackconfig rollovernow saveconfig sethostname setttymode showchanges showconfig showmessage showrecipients showsetting smtproutes spamdconfig spamquarantine status suspend suspenddel suspendlistener systemsetup tail tophosts updateconfig updatenow userconfig version who whoami workqueue' -- "$word") ;;
    --describe) mapfile -t COMPREPLY < <(compgen -W 'man settings bash zsh fish json' -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W '-c -f --json --check --keep-going --private --state --describe --help --version' -- "$word") ;;
    esac
}
complete -F _mailward mailward
